import type { Arch } from '../../core/arch.ts';

const BASE = 0x40_0000;
const EHDR = 64;
const PHDR = 56;
const CODE = EHDR + PHDR;

/**
 * A static Linux executable that writes a text to its standard output and exits with 0. No compiler is needed for it,
 * on any host: one ELF64 header, one program header, some forty bytes of code (System V ABI; ELF-64 Object File Format,
 * version 1.5; Intel SDM vol. 2; Arm A64 instruction set).
 *
 * @param text at most 65,535 bytes in UTF-8
 */
export function printingExecutable(arch: Arch, text: string): Buffer {
  const message = Buffer.from(text, 'utf8');
  if (message.length > 0xffff) throw new RangeError('the text is longer than 65535 bytes');
  const code = arch === 'amd64' ? amd64Code(message.length) : arm64Code(message.length);
  const size = CODE + code.length + message.length;
  return Buffer.concat([elfHeader(arch), programHeader(size), code, message]);
}

function elfHeader(arch: Arch): Buffer {
  const header = Buffer.alloc(EHDR);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELF, 64 bits, little endian, version 1
  header.writeUInt16LE(2, 16); // ET_EXEC
  header.writeUInt16LE(arch === 'amd64' ? 62 : 183, 18); // EM_X86_64, EM_AARCH64
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(BASE + CODE), 24); // entry
  header.writeBigUInt64LE(BigInt(EHDR), 32); // program headers
  header.writeUInt16LE(EHDR, 52);
  header.writeUInt16LE(PHDR, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt16LE(64, 58); // size of a section header, of which there are none
  return header;
}

function programHeader(size: number): Buffer {
  const header = Buffer.alloc(PHDR);
  header.writeUInt32LE(1, 0); // PT_LOAD
  header.writeUInt32LE(5, 4); // readable, executable
  header.writeBigUInt64LE(BigInt(BASE), 16);
  header.writeBigUInt64LE(BigInt(BASE), 24);
  header.writeBigUInt64LE(BigInt(size), 32);
  header.writeBigUInt64LE(BigInt(size), 40);
  header.writeBigUInt64LE(0x1_0000n, 48); // arm64 kernels may have pages of 64 KiB
  return header;
}

/** write(1, message, length); exit(0) */
function amd64Code(length: number): Buffer {
  const tail = [0x0f, 0x05, 0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05]; // syscall; xor edi, edi; mov eax, 60; syscall
  const lea = [0x48, 0x8d, 0x35, 0, 0, 0, 0]; // lea rsi, [rip + distance]
  const afterLea = 10 + tail.length; // what is between lea's end and the message
  const edi = [0xbf, 1, 0, 0, 0]; // mov edi, 1
  const edx = [0xba, 0, 0, 0, 0]; // mov edx, length
  const eax = [0xb8, 1, 0, 0, 0]; // mov eax, 1 (write)
  const code = Buffer.from([...edi, ...lea, ...edx, ...eax, ...tail]);
  code.writeUInt32LE(afterLea, edi.length + 3);
  code.writeUInt32LE(length, edi.length + lea.length + 1);
  return code;
}

/** write(1, message, length); exit(0) */
function arm64Code(length: number): Buffer {
  const instructions = [
    0xd280_0020, // mov x0, #1
    0x1000_0001, // adr x1, message
    0xd280_0002 + length * 0x20, // mov x2, #length
    0xd280_0808, // mov x8, #64 (write)
    0xd400_0001, // svc #0
    0xd280_0000, // mov x0, #0
    0xd280_0ba8, // mov x8, #93 (exit)
    0xd400_0001, // svc #0
  ];
  const distance = (instructions.length - 1) * 4; // from adr to the end; a multiple of 4, so immlo is 0
  const code = Buffer.alloc(instructions.length * 4);
  for (const [at, word] of instructions.entries()) code.writeUInt32LE(word, at * 4);
  code.writeUInt32LE(0x1000_0001 + (distance / 4) * 0x20, 4);
  return code;
}
