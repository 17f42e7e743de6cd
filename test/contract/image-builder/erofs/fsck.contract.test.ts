import { execFile } from 'node:child_process';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { writeErofs } from '../../../../src/image-builder/erofs/writer.ts';
import { readContent } from '../../../../src/image-builder/tree/content.ts';
import { debianTools } from '../../../helpers/debian-tools.ts';
import { sampleTree, temporaryFolder } from '../../../unit/image-builder/erofs/sample-tree.ts';

const run = promisify(execFile);

describe("an EROFS image, checked by erofs-utils' fsck.erofs", function () {
  this.timeout(120_000);
  let bin = '';

  before(async () => {
    bin = (await debianTools(['erofs-utils'])).binDir;
  });

  it('has no errors, and fsck unpacks the content that went in', async () => {
    using folder = temporaryFolder();
    const tree = sampleTree(5000);
    await writeErofs(tree, folder.join('image'));
    const target = folder.join('unpacked');
    const { stdout, stderr } = await run(join(bin, 'fsck.erofs'), [
      '-d3',
      '--no-preserve',
      `--extract=${target}`,
      folder.join('image'),
    ]);
    expect(stdout + stderr).to.include('Extracted filesystem successfully');
    const check = await run(join(bin, 'fsck.erofs'), ['-d3', folder.join('image')]);
    expect(check.stdout + check.stderr).to.include('No errors found');
    for (const [path, node] of tree.entries()) {
      const at = Buffer.from(`${target}/${path}`, 'latin1');
      if (node.type === 'file')
        expect(readFileSync(at).equals(readContent(node.content)), path).to.equal(true);
      else if (node.type === 'directory') expect(lstatSync(at).isDirectory(), path).to.equal(true);
    }
  });

  it('is read by dump.erofs with the name, features and counts that were written', async () => {
    using folder = temporaryFolder();
    const { inodes, uuid, bytes } = await writeErofs(sampleTree(10), folder.join('image'));
    const { stdout } = await run(join(bin, 'dump.erofs'), ['-s', folder.join('image')]);
    const value = (label: string): string | undefined =>
      new RegExp(`^${label}: +(.*?) *$`, 'm').exec(stdout)?.[1];
    expect(value('Filesystem inode count')).to.equal(String(inodes));
    expect(value('Filesystem blocks')).to.equal(String(bytes / 4096));
    expect(value('Filesystem features')).to.equal('sb_csum mtime');
    expect(value('Filesystem UUID')?.replaceAll('-', '')).to.equal(uuid.toString('hex'));
  });

  it('fails the check once it is damaged: the checker does look', async () => {
    using folder = temporaryFolder();
    await writeErofs(sampleTree(10), folder.join('image'));
    const image = readFileSync(folder.join('image'));
    image.fill(0xff, 1152, 1184);
    writeFileSync(folder.join('image'), image);
    // 1.8.6 exits with 0 all the same, so its words decide.
    const { stdout, stderr } = await run(join(bin, 'fsck.erofs'), ['-d3', folder.join('image')]);
    expect(stdout + stderr)
      .to.include("superblock chksum doesn't match")
      .and.not.to.include('No errors found');
  });
});
