import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Arch } from '../../../../src/core/arch.ts';
import { openArchive } from '../../../../src/image-builder/debian/archive.ts';
import { readDeb } from '../../../../src/image-builder/debian/deb.ts';
import { debianSuites } from '../../../../src/image-builder/debian/suites.ts';
import { pvhEntry, trimElf } from '../../../../src/image-builder/vmlinux/elf.ts';
import { extractKernel } from '../../../../src/image-builder/vmlinux/extract.ts';

/** The cache of the tests' Debian tools, so that what is there is not fetched again. */
const CACHE = fileURLToPath(new URL('../../../../.cache/downloads', import.meta.url));

/** `/boot/vmlinuz-*` of trixie's newest cloud kernel. */
async function vmlinuz(arch: Arch): Promise<Buffer> {
  const archive = await openArchive({ suites: await debianSuites('trixie'), arch, cacheDir: CACHE });
  const records = archive.resolve([`linux-image-cloud-${arch}`]);
  const [kernel] = await archive.fetch(records.filter(({ name }) => /^linux-image-\d/.test(name)));
  if (kernel === undefined) throw new Error(`linux-image-cloud-${arch} depends on no kernel.`);
  for await (const { path, content } of readDeb(kernel.path))
    if (path.startsWith('boot/vmlinuz-')) return content;
  throw new Error(`${kernel.path} has no kernel in it.`);
}

describe("Debian's cloud kernel", function () {
  this.timeout(180_000);

  it('unpacks to an ELF with nothing behind it and a PVH entry above 16 MiB', async () => {
    const kernel = await extractKernel('amd64', await vmlinuz('amd64'));
    expect(kernel.length).to.be.greaterThan(30_000_000);
    expect(trimElf(kernel).length).to.equal(kernel.length);
    expect(pvhEntry(kernel)).to.be.at.least(0x100_0000);
  });
});
