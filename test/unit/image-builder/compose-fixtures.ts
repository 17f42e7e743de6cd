import { ustarArchive, type UstarMember } from '../../../src/core/tar/ustar.ts';

/**
 * A relocatable ELF-64 file with nothing but a `.modinfo` section and the section names (gABI 4.1, chapter 4): enough of
 * a kernel module for those who read what it says about itself.
 */
export function moduleElf(fields: readonly string[]): Buffer {
  const modinfo = Buffer.from(fields.map((field) => `${field}\0`).join(''), 'latin1');
  const names = Buffer.from('\0.modinfo\0.shstrtab\0', 'latin1');
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeBigUInt64LE(BigInt(64 + modinfo.length + names.length), 40);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(3, 60);
  header.writeUInt16LE(2, 62);
  return Buffer.concat([
    header,
    modinfo,
    names,
    section(0, 0, 0),
    section(1, 64, modinfo.length),
    section(10, 64 + modinfo.length, names.length),
  ]);
}

/** A .deb (deb(5), format 2.0) with an uncompressed data.tar of these files, and control files where given. */
export function debOf(
  files: Readonly<Record<string, Buffer | string>>,
  control: Readonly<Record<string, string>> = {},
): Buffer {
  const members = Object.entries(files).map(([name, content]) => ({
    name: `./${name}`,
    mode: 0o755,
    content: Buffer.from(content),
  }));
  return debOfMembers(members, control);
}

/** The same with any members. */
export function debOfMembers(
  members: readonly UstarMember[],
  control: Readonly<Record<string, string>> = {},
): Buffer {
  const data = ustarArchive(members);
  const controls = Object.entries(control).map(([name, content]) => ({ name: `./${name}`, content }));
  return Buffer.concat([
    Buffer.from('!<arch>\n'),
    member('debian-binary', Buffer.from('2.0\n')),
    member('control.tar', ustarArchive(controls)),
    member('data.tar', data),
  ]);
}

/** What passes for an arm64 kernel Image: its magic (Linux, Documentation/arch/arm64/booting.rst). */
export function arm64Kernel(): Buffer {
  const image = Buffer.alloc(4096);
  image.write('ARMd', 56, 'latin1');
  return image;
}

function member(name: string, bytes: Buffer): Buffer {
  const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`;
  return Buffer.concat([Buffer.from(header, 'latin1'), bytes, Buffer.alloc(bytes.length % 2, '\n')]);
}

function section(name: number, offset: number, size: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt32LE(name, 0);
  bytes.writeBigUInt64LE(BigInt(offset), 24);
  bytes.writeBigUInt64LE(BigInt(size), 32);
  return bytes;
}
