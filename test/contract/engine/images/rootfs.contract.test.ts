import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { debianTools } from '../../../helpers/debian-tools.ts';

const LAB = fileURLToPath(new URL('rootfs-lab.ts', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../../.cache', import.meta.url));

/** Linux 6.12 as root. The files lie in the repository: neither EROFS nor overlayfs can do with every kind of /tmp. */
describe("a container's root filesystem", function () {
  this.timeout(120_000);
  let found: Record<string, unknown>;
  let directory: string;

  before(async () => {
    await debianTools(['erofs-utils']);
    mkdirSync(CACHE, { recursive: true });
    directory = mkdtempSync(join(CACHE, 'rootfs-test-'));
    const unshare = ['--mount', '--propagation', 'private', process.execPath, LAB, directory];
    const { stdout } = await promisify(execFile)('unshare', unshare, { timeout: 60_000 });
    found = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  });
  after(() => {
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });

  it('shows the topmost layer first, whiteouts and opaque directories at work, names of any bytes', () => {
    expect(found['same']).to.equal('top');
    expect(found['gone']).to.equal(false);
    expect(found['opaque']).to.deep.equal(['new']);
    expect(found['names']).to.deep.equal(['caf\u00e9', 'etc', 'far', 'opaque', 'same']);
  });
  it('keeps owners, modes, hard links and extended attributes', () => {
    expect(found['etc']).to.deep.equal([0o755, 0]);
    expect(found['link']).to.equal('bottom');
    expect(found['xattr']).to.equal('v');
  });
  it("has the topmost layer's root directory: 0755 where the layer doesn't say", () => {
    expect(found['root']).to.equal(0o755);
  });
  it('mounts each layer once for all containers, and the second time does nothing', () => {
    expect(found['mountedOnce']).to.equal(3 + 2);
    expect(found['idempotent']).to.equal(true);
  });
  it("keeps each container's changes to itself, and after its unmount", () => {
    expect(found['separate']).to.equal('bottom');
    expect(found['upperSurvives']).to.equal('mine');
  });
  it('unmounts layers with their last user, also those of an engine before it', () => {
    expect(found['afterFirst']).to.equal(3 + 1);
    expect(found['adopted']).to.equal(3 + 1);
    expect(found['afterAll']).to.deep.equal([0, [], []]);
  });
});
