import { expect } from 'chai';
import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { repository } from '../helpers/e2e-world.ts';
import { everythingIn, installUnprivileged, pack, type Installed } from '../helpers/installed.ts';
import { untilProcesses } from '../helpers/machine/processes.ts';
import { runProgram } from '../helpers/process.ts';

describe('the package, installed by an unprivileged user whose home has a space in its path', () => {
  let scratch: string;
  let files: readonly string[];
  let installed: Installed;
  const wherryHome = (): string => join(installed.home, '.wherry');

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-pack-'));
    const packed = await pack(scratch);
    files = packed.files;
    installed = await installUnprivileged(packed.tarball);
  });
  after(async () => {
    rmSync(scratch, { recursive: true });
    try {
      if (installed.installation.status === 0) await installed.wherry(['machine', 'rm', '-f', 'default']);
      await untilProcesses(wherryHome(), 'default', ({ qemu, agent }) => qemu.length + agent.length === 0);
    } finally {
      installed.remove();
    }
  });

  it('packs what is run, and no sources, tests or caches', () => {
    for (const file of [
      'bin/run.js',
      'dist/THIRD-PARTY-NOTICES.txt',
      'dist/package.json',
      'oclif.manifest.json',
      '.oclifrc.json',
      'vm-images/machine/root/usr/lib/wherry/boot/ready',
    ]) {
      expect(files).to.include(file);
    }
    const foreign = files.filter((file) =>
      /^(src|test|bench|tools|coverage|\.cache|\.ci)\/|\.test\.|(?<!\.d)\.ts$|\.map$|tsbuildinfo/.test(file),
    );
    expect(foreign).to.deep.equal([]);
    const modules = files.filter((file) => /^dist\/.*js$/.test(file));
    expect(modules.toSorted()).to.deep.equal([
      'dist/agent/main.js',
      'dist/cli/main.js',
      'dist/cli/run-command.js',
      'dist/engine/engine.cjs',
      'dist/image-builder/debian/xz-worker.js',
    ]);
    const programs = files.filter((file) => file.startsWith('bin/'));
    expect(programs.toSorted()).to.deep.equal(['bin/run.cmd', 'bin/run.js']);
  });

  it('has a package.json that publint finds nothing in', async () => {
    const publint = join(repository, 'node_modules', 'publint', 'src', 'cli.js');
    const result = await runProgram(process.execPath, [
      publint,
      installed.packageDirectory,
      '--pack',
      'false',
      '--strict',
    ]);
    expect(result.status, result.stdout + result.stderr).to.equal(0);
  });

  it('installs, and says its version', async () => {
    expect(installed.installation.status, installed.installation.stderr).to.equal(0);
    const version = await installed.wherry(['--version']);
    expect(version.stdout, version.stderr).to.match(/^wherry version \d+\.\d+\.\d+\n$/);
  });

  it('runs hello-world, and runs it again without a word of its own', async () => {
    const first = await installed.wherry(['run', 'hello-world']);
    expect(first.status, first.stderr).to.equal(0);
    expect(first.stderr).to.match(/^No machine yet: creating "default" \(\d+ CPUs, [\d.]+ GiB, qemu\)$/m);
    expect(first.stderr).to.match(
      /^Status: (Loaded bundled image for|Downloaded newer image for) hello-world:latest$/m,
    );
    expect(first.stdout).to.match(/Hello from/);
    const second = await installed.wherry(['run', 'hello-world']);
    expect(second).to.include({ status: 0, stdout: first.stdout, stderr: '' });
    expect(installed.sudoCalls(), 'calls of sudo').to.equal(0);
  });

  it("keeps the user's machines to the user", () => {
    // Images and caches hold what anybody can download; the rest is the user's alone, whoever opened ~/.wherry.
    const open = everythingIn(wherryHome()).filter((path) => {
      const { uid, mode } = lstatSync(path);
      const isPublic = /^(images|cache)(\/|$)/.test(relative(wherryHome(), path));
      const isLocked = !lstatSync(path).isDirectory() || isPublic || (mode & 0o077) === 0;
      return uid !== installed.uid || (mode & 0o022) !== 0 || !isLocked;
    });
    expect(open, 'not owned, or open to others').to.deep.equal([]);
    const machine = join(wherryHome(), 'machines', 'default');
    for (const name of [
      'docker.sock',
      'agent.sock',
      'id_ed25519',
      'machine.json',
      'config.img',
      'data.img',
    ]) {
      expect((lstatSync(join(machine, name)).mode & 0o777).toString(8), name).to.equal('600');
    }
  });
});
