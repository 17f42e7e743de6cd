import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { SyscallError } from '../../../../src/engine/sys/errno.ts';
import { writeErofs } from '../../../../src/image-builder/erofs/writer.ts';
import { file } from '../../../../src/image-builder/tree/nodes.ts';
import { FsTree } from '../../../../src/image-builder/tree/tree.ts';
import { CommandError, mustRun, runCommand } from '../../../../src/engine/sys/spawn.ts';

const OLD_LAB = fileURLToPath(new URL('old-mounts-lab.ts', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../../.cache', import.meta.url));
const LAB = fileURLToPath(new URL('sys-lab.ts', import.meta.url));

/** Linux as root. */
describe('system calls', () => {
  let found: Record<string, unknown>;
  let base: string;

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'wherry-sys-'));
    const { stdout } = await promisify(execFile)('unshare', [
      '--mount',
      '--propagation',
      'private',
      process.execPath,
      LAB,
      base,
    ]);
    found = JSON.parse(stdout) as Record<string, unknown>;
  });
  after(() => rm(base, { recursive: true }));

  it('mounts by the new API: several lowers, a read-only copy', () => {
    expect(found['overlay']).to.deep.equal([['one', 'two'], 'of low1']);
    expect(found['readOnly']).to.equal('EROFS');
  });

  it('binds a file onto a file', () => {
    expect(found['bound']).to.equal('2');
  });

  it('reads and writes extended attributes as bytes', () => {
    expect(found['xattrs']).to.deep.equal([['trusted.wherry'], '610062', null]);
    expect(found['gone']).to.deep.equal([]);
  });

  it('makes device nodes and FIFOs', () => {
    expect(found['device']).to.deep.equal([259, true]);
  });

  it('locks once', () => {
    expect(found['locks']).to.deep.equal([true, false]);
  });

  it('leaves a namespace and comes back', () => {
    expect(found['namespaces']).to.deep.equal([true, true]);
  });

  it('throws what errno says, and names the call and its path', () => {
    expect(found['errors']).to.deep.equal({
      notMounted: `umount2 ${base}/low1: EINVAL | EINVAL 22 umount2`,
      missing: `mount ${base}/none ${base}/bound: ENOENT | ENOENT 2 mount`,
      nul: 'mount (a string with a NUL byte): EINVAL | EINVAL 22 mount',
      option: 'fsconfig nonsense 1: EINVAL | EINVAL 22 fsconfig',
      filesystem: 'fsopen nosuchfs: ENODEV | ENODEV 19 fsopen',
    });
    expect(new SyscallError('x', 9999, '').code).to.equal('errno 9999');
  });
});

/** Linux as root, with EROFS and loop devices. */
describe('mounts of older kernels', () => {
  it('show layers through loop devices, and any number of lowers by mount(2)', async () => {
    // Under the repository: the file that is mounted has to lie on a disk.
    await mkdir(CACHE, { recursive: true });
    const directory = await mkdtemp(join(CACHE, 'old-mounts-'));
    try {
      const tree = new FsTree();
      tree.add('file', file(Buffer.from('of a layer')));
      const layer = join(directory, 'layer.erofs');
      await writeErofs(tree, layer, { buildTime: 0, volumeName: 'layer' });
      const points = join(directory, 'points');
      await mkdir(points);
      const { stdout } = await promisify(execFile)('unshare', [
        '--mount',
        '--propagation',
        'private',
        process.execPath,
        OLD_LAB,
        points,
        layer,
      ]);
      expect(JSON.parse(stdout)).to.deep.equal({
        same: ['of a layer', 'of a layer'],
        mountedLoops: 1,
        merged: ['0', 122],
        upper: 'mine',
        seen: '0',
        cwd: true,
        refusal: 'ENOENT',
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('child processes', () => {
  it('gives output and exit status, whatever it is', async () => {
    const result = await runCommand('sh', ['-c', 'cat; echo no >&2; exit 3'], { input: 'in' });
    expect(result).to.deep.equal({ exitCode: 3, signal: null, stdout: 'in', stderr: 'no\n' });
  });

  it('does not mind a child that does not read', async () => {
    const { exitCode } = await runCommand('true', [], { input: 'x'.repeat(1_000_000) });
    expect(exitCode).to.equal(0);
  });

  it('says why one failed or could not start', async () => {
    const failed = await mustRun('sh', ['-c', 'echo broken >&2; exit 2']).catch((error: unknown) => error);
    expect(failed)
      .to.be.instanceOf(CommandError)
      .with.property('message')
      .that.matches(/exit status 2: broken$/);
    const missing = await mustRun('no-such-program', []).catch((error: unknown) => error);
    expect(missing)
      .to.be.instanceOf(CommandError)
      .with.property('message', 'no-such-program: spawn no-such-program ENOENT');
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    const running = runCommand('sleep', ['60'], { signal: controller.signal });
    controller.abort(new Error('enough'));
    expect(await running.catch((error: unknown) => (error as Error).message)).to.equal('enough');
  });
});
