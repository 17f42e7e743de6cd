import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContent } from '../../../../src/image-builder/tree/content.ts';
import { device, directory, fifo, file, symlink } from '../../../../src/image-builder/tree/nodes.ts';
import { FsTree, linkCounts } from '../../../../src/image-builder/tree/tree.ts';

/** Sizes round the limits of inline data (4096 less an inode of 32 or 64 bytes) and of blocks. */
export const SIZES = [
  0, 1, 31, 32, 33, 4031, 4032, 4033, 4063, 4064, 4065, 4095, 4096, 4097, 8159, 8160, 8161, 8191, 8192, 8193,
  100_001,
];

/** Bytes that differ at every offset and between files. */
export function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (at * 31 + (at >> 8) * 7 + seed) & 0xff;
  return bytes;
}

/** Everything that the format can hold, in every form that it has. @param entries in one directory */
export function sampleTree(entries: number): FsTree {
  const tree = new FsTree();
  tree.add('', directory({ mode: 0o755, mtime: 1_700_000_000 }));
  for (const [index, size] of SIZES.entries()) {
    tree.add(`compact/${size}`, file(pattern(size, index), { mode: 0o644 }));
    tree.add(
      `extended/${size}`,
      file(pattern(size, index + 100), { mode: 0o4755, mtime: 1_234_567_890 + index }),
    );
  }
  for (let index = 0; index < entries; index += 1)
    tree.add(`many/${'n'.repeat(index % 200)}-${index}`, file(`number ${index}`, { uid: index }));
  tree.add('bytes/\xff\xfe not UTF-8 \x01', file('a'));
  tree.add(`bytes/${'\xe4'.repeat(255)}`, file('b'));
  tree.add('bytes/-', file('c', { uid: 70_000, gid: 4_000_000_000 }));
  tree.add('bytes/!', file('sorts before the dot', { gid: 65_536 }));
  tree.add(Array.from({ length: 100 }, (_, depth) => `deep-${depth}`).join('/'), file('deep'));
  tree.add('dev/null', device('char', 1, 3, { mode: 0o666 }));
  tree.add('dev/large', device('block', 4095, 1_048_575, { mode: 0o660, gid: 6 }));
  tree.add('dev/fifo', fifo({ mode: 0o600, mtime: 5 }));
  tree.add('links/short', symlink('x'));
  tree.add('links/bytes', symlink('\xff/\x80'));
  tree.add('links/long', symlink('l/'.repeat(2047)));
  tree.add('links/longer', symlink('m'.repeat(4070), { mtime: 9 }));
  tree.add('empty', directory({ mode: 0o1777, uid: 3, gid: 4, mtime: -5 }));
  const xattrs = new Map([
    ['user.plain', Buffer.from('value')],
    ['user.empty', Buffer.alloc(0)],
    ['trusted.overlay.opaque', Buffer.from('y')],
    ['security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')],
  ]);
  tree.add('xattrs/file', file(pattern(5000, 3), { xattrs }));
  tree.add('xattrs/many', file('tail', { xattrs: new Map([...xattrs, ['user.large', pattern(6000, 9)]]) }));
  tree.add('xattrs/directory', directory({ xattrs: new Map([['user.d', Buffer.from([0, 255])]]) }));
  tree.add('xattrs/symlink', symlink('t', { xattrs: new Map([['trusted.t', Buffer.from('s')]]) }));
  tree.link('hard/one', 'xattrs/file');
  tree.link('hard/two', 'xattrs/file');
  tree.link('hard/pipe', 'dev/fifo');
  tree.link('hard/symlink', 'links/long');
  return tree;
}

/** A node as a line of comparable facts. */
export interface Facts {
  type: string;
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  links: number;
  size?: number;
  /** sha256 of a file's content. */
  content?: string;
  target?: string;
  device?: [major: number, minor: number];
  /** Value in hexadecimal by name. */
  xattrs: Record<string, string>;
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function hexValues(xattrs: ReadonlyMap<string, Buffer>): Record<string, string> {
  const entries = [...xattrs].map(([name, value]) => [name, value.toString('hex')] as const);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a tree says about each of its paths. */
export function factsOfTree(tree: FsTree): Map<string, Facts> {
  const links = linkCounts(tree.root);
  const facts = new Map<string, Facts>();
  for (const [path, node] of tree.entries()) {
    const { type, mode, uid, gid, mtime } = node;
    const fact: Facts = {
      type,
      mode,
      uid,
      gid,
      mtime,
      links: links.get(node) ?? 0,
      xattrs: hexValues(node.xattrs),
    };
    if (node.type === 'file') {
      const content = readContent(node.content);
      Object.assign(fact, { size: content.length, content: sha256(content) });
    } else if (node.type === 'symlink') fact.target = node.target;
    else if (node.type === 'char' || node.type === 'block') fact.device = [node.major, node.minor];
    facts.set(path, fact);
  }
  return facts;
}

/** A folder of its own; dispose of it to remove it. */
export function temporaryFolder(): Disposable & { join: (name: string) => string; path: string } {
  const path = mkdtempSync(join(tmpdir(), 'wherry-test-'));
  return {
    path,
    join: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
