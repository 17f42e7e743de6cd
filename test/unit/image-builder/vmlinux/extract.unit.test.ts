import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect } from 'chai';
import { pvhEntry } from '../../../../src/image-builder/vmlinux/elf.ts';
import { extractKernel } from '../../../../src/image-builder/vmlinux/extract.ts';

/** An x86-64 ELF with one PT_NOTE of a foreign note and, unless left out, Xen's PHYS32_ENTRY. */
function elf(entry?: number): Buffer {
  const foreign = note('GNU', 3, Buffer.alloc(20, 1));
  const notes = Buffer.concat([foreign, ...(entry === undefined ? [] : [note('Xen', 18, u32(entry))])]);
  const file = Buffer.alloc(64 + 56 + notes.length);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(file);
  file.writeUInt16LE(62, 18);
  file.writeBigUInt64LE(64n, 32);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(4, 64);
  file.writeBigUInt64LE(120n, 64 + 8);
  file.writeBigUInt64LE(BigInt(notes.length), 64 + 32);
  notes.copy(file, 120);
  return file;
}

function note(name: string, type: number, desc: Buffer): Buffer {
  const label = Buffer.from(`${name}\0`);
  return Buffer.concat([u32(label.length), u32(desc.length), u32(type), label, desc]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** A bzImage by boot.rst: 3 setup sectors, then the payload at offset 16 of the protected-mode code. */
function bzImage(payload: Buffer, version = 0x20f): Buffer {
  const start = 4 * 512;
  const image = Buffer.alloc(start + 16 + payload.length + 100, 0xee);
  image.writeUInt8(3, 0x1f1);
  image.writeUInt16LE(0xaa55, 0x1fe);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(version, 0x206);
  image.writeUInt32LE(16, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  payload.copy(image, start + 16);
  return image;
}

function zstdPayload(content: Buffer): Buffer {
  return Buffer.concat([zstdCompressSync(content), u32(content.length)]);
}

/** The head of an arm64 Image, and something after it. */
function arm64(): Buffer {
  const image = Buffer.alloc(5000, 0xa5);
  image.write('ARMd', 56, 'latin1');
  return image;
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'It should have failed.',
    (error: unknown) => String(error),
  );
}

describe('extractKernel', () => {
  const withRelocations = Buffer.concat([elf(0x100_0b20), Buffer.from('relocations for KASLR')]);

  for (const [name, payload] of [
    ['zstd', zstdPayload(withRelocations)],
    ['gzip', gzipSync(withRelocations)],
  ] as const)
    it(`takes the ELF alone out of a bzImage packed with ${name}`, async () => {
      const kernel = await extractKernel('amd64', bzImage(payload));
      expect(kernel.equals(elf(0x100_0b20))).to.equal(true);
      expect(pvhEntry(kernel)).to.equal(0x100_0b20);
    });

  it('takes the arm64 Image as it is, out of gzip, and out of an EFI zboot image', async () => {
    const packed = gzipSync(arm64());
    const zboot = Buffer.concat([
      Buffer.from('MZ\0\0zimg'),
      u32(64),
      u32(packed.length),
      Buffer.alloc(48),
      packed,
      Buffer.alloc(9),
    ]);
    for (const vmlinuz of [arm64(), packed, zboot])
      expect((await extractKernel('arm64', vmlinuz)).equals(arm64())).to.equal(true);
  });

  const refused: [why: string, arch: 'amd64' | 'arm64', vmlinuz: Buffer, message: string][] = [
    ['no bzImage', 'amd64', Buffer.alloc(4096), 'not an x86 bzImage'],
    ['an old protocol', 'amd64', bzImage(zstdPayload(elf(1)), 0x207), 'older than 2.08'],
    [
      'one cut short',
      'amd64',
      bzImage(zstdPayload(elf(1))).subarray(0, 2100),
      'shorter than its header says',
    ],
    [
      'xz, by its name',
      'amd64',
      bzImage(Buffer.from('fd377a585a0000000000000000', 'hex')),
      'compressed with xz',
    ],
    ['a wrong length', 'amd64', bzImage(Buffer.concat([zstdCompressSync(elf(1)), u32(7)])), 'should have 7'],
    ['no ELF', 'amd64', bzImage(zstdPayload(Buffer.alloc(100))), 'not an x86-64 ELF'],
    ['no PVH entry', 'amd64', bzImage(zstdPayload(elf())), 'CONFIG_PVH'],
    ['something else for arm64', 'arm64', gzipSync(Buffer.alloc(100)), 'not an arm64 Image'],
    ['an unknown packing', 'arm64', Buffer.alloc(100), 'something unknown'],
  ];
  for (const [why, arch, vmlinuz, message] of refused)
    it(`refuses ${why}`, async () => {
      expect(await failure(extractKernel(arch, vmlinuz))).to.include(message);
    });
});
