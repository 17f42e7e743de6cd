import { WherryError } from '../core/errors.ts';

/** What a kernel module says about itself. */
export interface ModuleInfo {
  /** Module names that must be there first, as the linker found them. */
  readonly depends: readonly string[];
  /** Modules that its author wants loaded first, where they exist (modprobe.d(5), softdep). */
  readonly softPre: readonly string[];
  readonly softPost: readonly string[];
  /** Patterns by which the kernel asks for it. */
  readonly aliases: readonly string[];
}

const SECTION_HEADER = 64;

/**
 * Reads a module's `.modinfo` section: NUL-terminated `key=value` strings (Linux, include/linux/module.h) in an ELF-64
 * little-endian relocatable file (gABI 4.1, chapter 4). @throws MODULE_INVALID when it is no such file
 */
export function readModuleInfo(elf: Buffer, name: string): ModuleInfo {
  const section = modinfoOf(elf, name);
  const values = (key: string): string[] =>
    section
      .split('\0')
      .filter((text) => text.startsWith(`${key}=`))
      .map((text) => text.slice(key.length + 1));
  const soft = values('softdep').map(parseSoftdep);
  return {
    depends: values('depends').flatMap((list) => list.split(',').filter((item) => item !== '')),
    softPre: soft.flatMap(({ pre }) => pre),
    softPost: soft.flatMap(({ post }) => post),
    aliases: values('alias'),
  };
}

function modinfoOf(elf: Buffer, name: string): string {
  if (elf.length < 64 || elf.toString('latin1', 0, 4) !== '\x7fELF' || elf[4] !== 2 || elf[5] !== 1)
    throw invalid(name, 'it is not a 64-bit little-endian ELF file');
  const table = Number(elf.readBigUInt64LE(40));
  const count = elf.readUInt16LE(60);
  if (table + count * SECTION_HEADER > elf.length) throw invalid(name, 'its section table is cut short');
  const header = (index: number): { name: number; offset: number; size: number } => {
    const at = table + index * SECTION_HEADER;
    return {
      name: elf.readUInt32LE(at),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
    };
  };
  const names = header(elf.readUInt16LE(62));
  for (let index = 0; index < count; index += 1) {
    const section = header(index);
    const start = names.offset + section.name;
    if (elf.toString('latin1', start, start + 9) === '.modinfo\0')
      return elf.toString('latin1', section.offset, section.offset + section.size);
  }
  throw invalid(name, 'it has no .modinfo section');
}

/** `pre: a b post: c`; either part may be missing. */
function parseSoftdep(text: string): { pre: string[]; post: string[] } {
  const result: { pre: string[]; post: string[] } = { pre: [], post: [] };
  let current: string[] | undefined;
  for (const word of text.split(/\s+/)) {
    if (word === 'pre:') current = result.pre;
    else if (word === 'post:') current = result.post;
    else if (word !== '') current?.push(word);
  }
  return result;
}

function invalid(name: string, why: string): WherryError {
  return new WherryError({
    code: 'MODULE_INVALID',
    message: `The kernel module ${name} can't be read: ${why}.`,
  });
}
