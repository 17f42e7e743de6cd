import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readContent } from '../../../../src/image-builder/tree/content.ts';

describe("a file's content", () => {
  let scratch: string;
  let path: string;
  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-content-'));
    path = join(scratch, 'package');
    writeFileSync(path, 'before|content|after');
  });
  after(() => rmSync(scratch, { recursive: true }));

  it('is in memory, or a part of another file', () => {
    expect(readContent(Buffer.from('x')).toString()).to.equal('x');
    expect(readContent({ path, offset: 7, length: 7 }).toString()).to.equal('content');
    expect(readContent({ path, offset: 7, length: 0 }).toString()).to.equal('');
  });

  it('names the file that ends too early', () => {
    expect(() => readContent({ path, offset: 7, length: 14 }))
      .to.throw(`${path} ended before byte 21, which the image needs.`)
      .with.property('code', 'IMAGE_SOURCE_SHORT');
  });
});
