import { expect } from 'chai';
import { chmod, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectEngine } from '../../../src/machine/connect.ts';
import type { MachineContext, Reporter } from '../../../src/machine/context.ts';
import { ensureRunning } from '../../../src/machine/ensure-running.ts';
import { openMachineStore } from '../../../src/machine/store/machine-store.ts';
import { makeOwnerOnlyDirectory } from '../../../src/platform/atomic-file.ts';
import { makeRunDirectory, requireOwnRunDirectory, type PathInputs } from '../../../src/platform/paths.ts';
import { restrictToOwner } from '../../../src/platform/windows-acl.ts';
import { codeOf } from '../drivers/support.ts';

describe('what only its owner may enter', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'wherry-own-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('is given an access list on Windows, once, when it is made', async () => {
    const restricted: string[] = [];
    const windows = {
      platform: 'win32' as const,
      restrict: (path: string) => Promise.resolve(void restricted.push(path)),
    };
    await makeOwnerOnlyDirectory(join(root, 'a', 'b'), windows);
    await makeOwnerOnlyDirectory(join(root, 'a', 'b'), windows);
    expect(restricted).to.deep.equal([join(root, 'a', 'b')]);
  });

  it('has nothing inherited, and its user alone in that list', async () => {
    const commands: (readonly string[])[] = [];
    const exec = {
      check: (argv: readonly string[]) => {
        commands.push(argv);
        return Promise.resolve({ exitCode: 0, signal: undefined, timedOut: false, stdout: '', stderr: '' });
      },
    };
    await restrictToOwner('C:\\w h\\m', exec, { USERDOMAIN: 'BOX', SystemRoot: 'D:\\Windows' }, 'jo');
    await restrictToOwner('C:\\m', exec, {}, 'jo');
    expect(commands).to.deep.equal([
      ['D:\\Windows\\System32\\icacls.exe', 'C:\\w h\\m', '/inheritance:r', '/grant:r', 'BOX\\jo:(OI)(CI)F'],
      ['C:\\Windows\\System32\\icacls.exe', 'C:\\m', '/inheritance:r', '/grant:r', 'jo:(OI)(CI)F'],
    ]);
  });

  describe('the run directory in a place that all users share', () => {
    const inputs = (uid: number): PathInputs => ({
      platform: 'linux',
      env: {},
      homeDirectory: '/home/jo',
      uid,
    });
    // The directory of a user who doesn't exist; `owner` says that this one made it.
    const stranger = 4_000_000_000 + process.pid;
    const owner = process.getuid?.();
    const shared = `/tmp/wherry-${stranger}`;
    const run = join(shared, 'abc');
    const refusal = (): Promise<string> => codeOf(requireOwnRunDirectory(run, inputs(stranger), owner));
    afterEach(() => rm(shared, { recursive: true, force: true }));

    it('is made, and believed, where both levels are its user’s alone', async () => {
      await requireOwnRunDirectory(run, inputs(stranger), owner);
      for (const level of [shared, run]) expect((await stat(level)).mode & 0o777).to.equal(0o700);
      await requireOwnRunDirectory(run, inputs(stranger), owner);
      await requireOwnRunDirectory(join(root, 'not shared, not there'), inputs(stranger), owner);
    });

    it('is refused where others could have written, or where it leads elsewhere', async () => {
      await mkdir(run, { recursive: true, mode: 0o700 });
      await chmod(run, 0o777);
      expect(await refusal()).to.match(/^DIRECTORY_NOT_OURS: \/tmp\/wherry-\d+\/abc /);
      await chmod(run, 0o700);
      await chmod(shared, 0o770);
      expect(await refusal()).to.match(/^DIRECTORY_NOT_OURS: \/tmp\/wherry-\d+ /);
      await chmod(shared, 0o700);
      await rm(run, { recursive: true });
      await symlink(root, run);
      expect(await refusal()).to.match(/^DIRECTORY_NOT_OURS: \/tmp\/wherry-\d+\/abc /);
      await rm(shared, { recursive: true });
      await symlink(root, shared);
      expect(await refusal()).to.match(/^DIRECTORY_NOT_OURS: \/tmp\/wherry-\d+ /);
    });

    it('is refused where another user made it', async () => {
      await mkdir(run, { recursive: true, mode: 0o700 });
      for (const work of [requireOwnRunDirectory, makeRunDirectory]) {
        expect(await codeOf(work(run, inputs(stranger)))).to.match(/^DIRECTORY_NOT_OURS/);
      }
    });

    it('is looked at before a machine is, or its sockets are connected to', async () => {
      const home = join(root, 'h'.repeat(100));
      const store = openMachineStore(home, inputs(stranger));
      const files = store.files('default');
      expect(files.runDirectory).to.match(new RegExp(`^${shared}/`));
      await mkdir(files.directory, { recursive: true });
      // As planted by somebody else: `stranger` isn't who made it.
      await mkdir(files.runDirectory, { recursive: true, mode: 0o700 });
      expect(await codeOf(store.load('default'))).to.match(/^DIRECTORY_NOT_OURS/);
      const context = { store, paths: inputs(stranger) } as MachineContext;
      expect(await codeOf(connectEngine(context, 'default'))).to.match(/^DIRECTORY_NOT_OURS/);
      const signal = new AbortController().signal;
      const report = {} as Reporter;
      expect(await codeOf(ensureRunning(context, { name: 'default' }, report, signal))).to.match(
        /^DIRECTORY_NOT_OURS/,
      );
    });
  });
});
