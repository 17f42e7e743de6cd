import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { HELLO_TEXT, bundledHelloWorld } from '../../../../src/image-builder/bundled/hello-world.ts';
import { printingExecutable } from '../../../../src/image-builder/bundled/tiny-elf.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('the bundled hello-world', () => {
  const files = bundledHelloWorld();

  it('is an OCI layout whose blobs are what their names say', () => {
    expect(files.map(({ path }) => path)).to.include.members(['index.json', 'oci-layout']);
    for (const { path, content } of files.filter((file) => file.path.startsWith('blobs/'))) {
      expect(path).to.equal(`blobs/sha256/${sha256(content)}`);
    }
  });
  it('has an index with both architectures', () => {
    const read = (digest: string): Record<string, unknown> => {
      const found = files.find(({ path }) => path === `blobs/${digest.replace(':', '/')}`);
      return JSON.parse(found?.content.toString() ?? '{}') as Record<string, unknown>;
    };
    const layout = JSON.parse(
      files.find(({ path }) => path === 'index.json')?.content.toString() ?? '{}',
    ) as {
      manifests: { digest: string }[];
    };
    const index = read(layout.manifests[0]?.digest ?? '') as {
      manifests: { platform: { architecture: string } }[];
    };
    expect(index.manifests.map(({ platform }) => platform.architecture)).to.deep.equal(['amd64', 'arm64']);
  });
  it('is the same every time', () => {
    expect(bundledHelloWorld().map(({ content }) => sha256(content))).to.deep.equal(
      files.map(({ content }) => sha256(content)),
    );
  });

  it('prints its text by instructions that an assembler gives too', () => {
    // GNU as 2.40: mov x0,#1; adr x1,.+28; mov x2,#3; mov x8,#64; svc #0; mov x0,#0; mov x8,#93; svc #0
    const arm = printingExecutable('arm64', 'abc').subarray(120);
    expect(arm.toString('hex')).to.equal(
      '200080d2e1000010620080d2080880d2010000d4000080d2a80b80d2010000d4616263',
    );
    // The same: mov edi,1; lea rsi,[rip+21]; mov edx,3; mov eax,1; syscall; xor edi,edi; mov eax,60; syscall
    const amd = printingExecutable('amd64', 'abc').subarray(120);
    expect(amd.toString('hex')).to.equal(
      'bf01000000488d3515000000ba03000000b8010000000f0531ffb83c0000000f05616263',
    );
  });
  it('has a text of its own that fits', () => expect(HELLO_TEXT.trim()).to.match(/^Hello from Wherry!/));
});
