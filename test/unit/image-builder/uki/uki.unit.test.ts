import { expect } from 'chai';
import { WherryError } from '../../../../src/core/errors.ts';
import { appendSections, peMemoryBytes, peSections } from '../../../../src/image-builder/uki/pe.ts';
import { unifiedKernelImage } from '../../../../src/image-builder/uki/uki.ts';
import { peImage } from './pe-fixture.ts';

function refusal(work: () => unknown): WherryError {
  try {
    work();
  } catch (error) {
    if (error instanceof WherryError) return error;
    throw error;
  }
  return expect.fail('it was not refused');
}

const CHECKSUM_AT = 0x84 + 20 + 64;

describe('sections added to a PE image', () => {
  it('lie behind its own, in the file and in memory, and the image knows of them', () => {
    const image = appendSections(peImage(8), [
      { name: '.one', data: Buffer.alloc(0x201, 1) },
      { name: '.two', data: Buffer.from('two'), memoryBytes: 0x3001 },
    ]);
    const sections = peSections(image);
    expect([...sections.keys()]).to.deep.equal(['.text', '.one', '.two']);
    expect(sections.get('.text')?.toString()).to.equal('code');
    expect(sections.get('.one')?.equals(Buffer.alloc(0x201, 1))).to.equal(true);
    // .text ends at 0x2000, .one takes a page, .two four.
    expect(peMemoryBytes(image)).to.equal(0x2000 + 0x1000 + 0x4000);
    expect(image.length % 0x200).to.equal(0);
    expect(image.readUInt32LE(CHECKSUM_AT)).to.equal(0);
  });

  it('are refused where the headers have no room, and where it is no PE image', () => {
    const many = Array.from({ length: 10 }, (_, n) => ({ name: `.s${n}`, data: Buffer.alloc(1) }));
    expect(refusal(() => appendSections(peImage(1), many)).message).to.contain(
      'its headers have no room for 10 more sections',
    );
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(512), Buffer.from('MZ'.padEnd(100, '\0'))])
      expect(refusal(() => appendSections(bytes, [])).code).to.equal('PE_UNSUPPORTED');
    expect(() => appendSections(peImage(4), [{ name: '.much.too.long', data: Buffer.alloc(1) }])).to.throw(
      RangeError,
    );
  });
});

describe('a unified kernel image', () => {
  it('has the stub with everything in sections, the kernel last and with the memory that it takes', () => {
    const kernel = peImage(1, 0x9000);
    const uki = unifiedKernelImage({
      stub: peImage(8),
      kernel,
      initrd: Buffer.from('initrd'),
      commandLine: 'quiet panic=-1',
      kernelVersion: '6.12',
      osRelease: Buffer.from('ID=wherry\n'),
    });
    const sections = peSections(uki);
    expect([...sections.keys()]).to.deep.equal([
      '.text',
      '.osrel',
      '.cmdline',
      '.uname',
      '.initrd',
      '.linux',
    ]);
    expect(sections.get('.cmdline')?.toString()).to.equal('quiet panic=-1');
    expect(sections.get('.linux')?.equals(kernel)).to.equal(true);
    expect(peMemoryBytes(uki)).to.equal(0x2000 + 4 * 0x1000 + 0x9000);
  });
});
