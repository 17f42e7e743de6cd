import type { Extent } from './extent.ts';
import { SECTOR } from './gpt.ts';

/** One file: the names of its directories and its own, each in capitals and of the form 8.3. */
export interface FatFile {
  readonly path: readonly string[];
  readonly data: Uint8Array;
}

export interface FatOptions {
  /** Where the file system begins on its disk, in bytes. */
  readonly offset: number;
  /** The serial number that systems show, in place of one made from the time. */
  readonly serial: number;
  /** Eleven characters at most. */
  readonly label: string;
}

const MIB = 2 ** 20;
const RESERVED = 32;
const FATS = 2;
const FIRST_CLUSTER = 2;
const ENTRY_BYTES = 32;
/** A file system with fewer clusters is FAT16 by definition ("FAT: General Overview of On-Disk Format", 1.03, p. 14). */
const FEWEST_CLUSTERS = 65_525;
const END = 0x0fff_ffff;
const ATTRIBUTES = { directory: 0x10, archive: 0x20, label: 0x08 } as const;
/** 1 January 1980, the format's first day: the disk depends on its content alone. */
const DATE = (1 << 5) | 1;

/** A directory or a file, with the clusters that hold it. */
interface Node {
  readonly name: string;
  readonly data: Uint8Array | undefined;
  readonly children: Map<string, Node>;
  first: number;
  clusters: number;
}

/** The bytes that a FAT32 for these files takes: whole megabytes, with clusters of one sector. */
export function fat32Bytes(files: readonly FatFile[]): number {
  const wanted = Math.max(FEWEST_CLUSTERS, place(files).used) + 1;
  let sectors = Math.ceil((wanted * SECTOR) / MIB) * (MIB / SECTOR);
  while (clustersOf(sectors) < wanted) sectors += MIB / SECTOR;
  return sectors * SECTOR;
}

/** A FAT32 file system ("FAT: General Overview of On-Disk Format", 1.03) as pieces of its disk. */
export function fat32(files: readonly FatFile[], options: FatOptions): Extent[] {
  const bytes = fat32Bytes(files);
  const sectors = bytes / SECTOR;
  const fatSectors = fatSectorsOf(sectors);
  const { root, nodes, used } = place(files);
  const clusters = clustersOf(sectors);
  const dataStart = (RESERVED + FATS * fatSectors) * SECTOR;
  const offsetOf = (cluster: number): number =>
    options.offset + dataStart + (cluster - FIRST_CLUSTER) * SECTOR;

  const table = Buffer.alloc(fatSectors * SECTOR);
  table.writeUInt32LE(0x0fff_fff8, 0);
  table.writeUInt32LE(END, 4);
  for (const { first, clusters: count } of nodes)
    for (let n = 0; n < count; n += 1)
      table.writeUInt32LE(n === count - 1 ? END : first + n + 1, (first + n) * 4);

  const boot = bootSector(options, sectors, fatSectors);
  const info = infoSector(clusters - used, FIRST_CLUSTER + used);
  const reserved = Buffer.alloc(RESERVED * SECTOR);
  for (const copy of [0, 6]) {
    boot.copy(reserved, copy * SECTOR);
    info.copy(reserved, (copy + 1) * SECTOR);
    reserved.set([0x55, 0xaa], (copy + 2) * SECTOR + 510);
  }
  const contents = nodes
    .filter(({ clusters: count }) => count > 0)
    .map((node) => ({
      offset: offsetOf(node.first),
      bytes:
        node.data ?? directoryBytes(node, node === root ? options.label : undefined, parentOf(nodes, node)),
    }));
  return [{ offset: options.offset, bytes: Buffer.concat([reserved, table, table]) }, ...contents];
}

/** Of each of the two tables, sized as if every sector were a cluster: a few entries too many. */
function fatSectorsOf(sectors: number): number {
  return Math.ceil(((sectors + FIRST_CLUSTER) * 4) / SECTOR);
}

function clustersOf(sectors: number): number {
  return sectors - RESERVED - FATS * fatSectorsOf(sectors);
}

/** Gives each directory and file its clusters, one behind the other; the root directory comes first. */
function place(files: readonly FatFile[]): { root: Node; nodes: readonly Node[]; used: number } {
  const root = newNode('', undefined);
  const nodes = [root];
  for (const { path, data } of files) {
    let directory = root;
    path.forEach((name, depth) => {
      const isFile = depth === path.length - 1;
      let node = directory.children.get(name);
      if (node === undefined) {
        node = newNode(name, isFile ? data : undefined);
        directory.children.set(name, node);
        nodes.push(node);
      }
      directory = node;
    });
  }
  let next = FIRST_CLUSTER;
  for (const node of nodes) {
    const bytes = node.data?.length ?? (node.children.size + 2) * ENTRY_BYTES;
    node.clusters = Math.ceil(bytes / SECTOR);
    node.first = node.clusters === 0 ? 0 : next;
    next += node.clusters;
  }
  return { root, nodes, used: next - FIRST_CLUSTER };
}

function newNode(name: string, data: Uint8Array | undefined): Node {
  return { name, data, children: new Map(), first: 0, clusters: 0 };
}

function parentOf(nodes: readonly Node[], node: Node): Node | undefined {
  return nodes.find(({ children }) => children.get(node.name) === node);
}

function directoryBytes(node: Node, label: string | undefined, parent: Node | undefined): Buffer {
  const entries = [...node.children.values()].map((child) =>
    dirEntry(
      shortName(child.name),
      child.data === undefined ? ATTRIBUTES.directory : ATTRIBUTES.archive,
      child.first,
      child.data?.length ?? 0,
    ),
  );
  if (label !== undefined)
    return Buffer.concat([dirEntry(label.padEnd(11), ATTRIBUTES.label, 0, 0), ...entries]);
  // The root directory is cluster 0 to its children's "..".
  const up = parent === undefined || parent.name === '' ? 0 : parent.first;
  const dots = [
    dirEntry('.'.padEnd(11), ATTRIBUTES.directory, node.first, 0),
    dirEntry('..'.padEnd(11), ATTRIBUTES.directory, up, 0),
  ];
  return Buffer.concat([...dots, ...entries]);
}

/** `BOOTX64.EFI` as `BOOTX64 EFI`. */
function shortName(name: string): string {
  const match = /^([A-Z0-9_-]{1,8})(?:\.([A-Z0-9_-]{1,3}))?$/.exec(name);
  if (match === null) throw new RangeError(`"${name}" is not a name of the form 8.3`);
  return (match[1] ?? '').padEnd(8) + (match[2] ?? '').padEnd(3);
}

function dirEntry(name: string, attributes: number, cluster: number, bytes: number): Buffer {
  const entry = Buffer.alloc(ENTRY_BYTES);
  entry.write(name, 0, 11, 'latin1');
  entry[11] = attributes;
  for (const at of [16, 18, 24]) entry.writeUInt16LE(DATE, at);
  entry.writeUInt16LE(cluster >>> 16, 20);
  entry.writeUInt16LE(cluster & 0xffff, 26);
  entry.writeUInt32LE(bytes, 28);
  return entry;
}

/** The boot sector with FAT32's BIOS parameter block. */
function bootSector({ serial, label, offset }: FatOptions, sectors: number, fatSectors: number): Buffer {
  const boot = Buffer.alloc(SECTOR);
  boot.set([0xeb, 0x58, 0x90], 0);
  boot.write('WHERRY  ', 3, 'latin1');
  boot.writeUInt16LE(SECTOR, 11);
  boot[13] = 1;
  boot.writeUInt16LE(RESERVED, 14);
  boot[16] = FATS;
  boot[21] = 0xf8;
  boot.writeUInt16LE(63, 24);
  boot.writeUInt16LE(255, 26);
  boot.writeUInt32LE(offset / SECTOR, 28);
  boot.writeUInt32LE(sectors, 32);
  boot.writeUInt32LE(fatSectors, 36);
  boot.writeUInt32LE(FIRST_CLUSTER, 44);
  boot.writeUInt16LE(1, 48);
  boot.writeUInt16LE(6, 50);
  boot[64] = 0x80;
  boot[66] = 0x29;
  boot.writeUInt32LE(serial >>> 0, 67);
  boot.write(label.padEnd(11), 71, 11, 'latin1');
  boot.write('FAT32   ', 82, 'latin1');
  boot.set([0x55, 0xaa], 510);
  return boot;
}

/** FSInfo: free clusters and where to look for the next. */
function infoSector(free: number, next: number): Buffer {
  const info = Buffer.alloc(SECTOR);
  info.writeUInt32LE(0x4161_5252, 0);
  info.writeUInt32LE(0x6141_7272, 484);
  info.writeUInt32LE(free, 488);
  info.writeUInt32LE(next, 492);
  info.writeUInt32LE(0xaa55_0000, 508);
  return info;
}
