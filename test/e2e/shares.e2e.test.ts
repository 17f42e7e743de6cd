import { expect } from 'chai';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { eventually } from '../helpers/eventually.ts';
import { MACHINE } from '../helpers/e2e-world.ts';

describe("this computer's directories", () => {
  const busybox = () => world().image('busybox');
  const sh = (script: string, ...flags: string[]) =>
    world().wherry(['run', '--rm', ...flags, busybox(), 'sh', '-c', script]);
  /** A directory of the test's own below the shared one. */
  const own = (name: string): string => {
    const path = join(world().shared.writable, name);
    mkdirSync(path);
    return path;
  };

  it('are in the container with -v and --mount, in both CLIs, and what it writes is on the computer', async () => {
    const directory = own('both');
    writeFileSync(join(directory, 'from-host'), 'hello\n');
    const script = [
      'cat /work/from-host; stat -c "%u %a" /work/from-host; mkdir /work/sub; echo made > /work/sub/file',
      'ln -s sub/file /work/link; chmod 750 /work/sub/file; touch -d "2001-02-03 04:05:06" /work/sub/file',
      'mv /work/sub /work/moved; cat /work/link || echo dangling',
    ].join('\n');
    const ran = await sh(script, '-v', `${directory}:/work`);
    expect(ran.stdout, ran.stderr).to.equal('hello\n0 644\ndangling\n');
    const made = join(directory, 'moved', 'file');
    expect(readFileSync(made, 'utf8')).to.equal('made\n');
    expect(lstatSync(made).mode & 0o777).to.equal(0o750);
    expect(lstatSync(made).mtime.toISOString()).to.equal('2001-02-03T04:05:06.000Z');
    expect(readlinkSync(join(directory, 'link'))).to.equal('sub/file');

    const mount = `type=bind,src=${join(directory, 'from-host')},dst=/one,readonly`;
    const words = ['run', '--rm', '--mount', mount, busybox(), 'sh', '-c', 'cat /one; echo x > /one'];
    const file = await world().docker(words);
    expect(file.stdout, file.stderr).to.equal('hello\n');
    expect(file.stderr).to.match(/Read-only file system/);
  });
  it('are made if -v names one that is missing; --mount says that it is', async () => {
    const missing = join(world().shared.writable, 'made', 'by-v');
    const made = await world().docker(['run', '--rm', '-v', `${missing}:/x`, busybox(), 'ls', '/x']);
    expect(made.status, made.stderr).to.equal(0);
    expect(existsSync(missing)).to.equal(true);
    const other = join(world().shared.writable, 'never');
    const refused = await sh('true', '--mount', `type=bind,src=${other},dst=/x`);
    expect(refused.status).to.equal(125);
    expect(refused.stderr).to.include(`bind source path does not exist: ${other}`);
    expect(existsSync(other)).to.equal(false);
  });

  it('are refused outside of what the machine shares, and nothing is made', async () => {
    const before = await Promise.all([world().ok(['volume', 'ls', '-q']), world().ok(['ps', '-aq'])]);
    const refused = await sh('true', '-v', 'e2e-never:/x', '-v', '/etc:/mnt');
    expect(refused.status).to.equal(125);
    expect(refused.stderr).to.include('"/etc" is outside of what this machine shares');
    expect(refused.stderr).to.include(world().shared.writable);
    expect(refused.stderr).to.include(`wherry machine set --mount-add /etc --restart ${MACHINE}`);
    const way = join(own('ways'), 'out');
    symlinkSync('/etc', way);
    expect((await sh('true', '-v', `${way}:/mnt`)).status).to.equal(125);
    expect(await Promise.all([world().ok(['volume', 'ls', '-q']), world().ok(['ps', '-aq'])])).to.deep.equal(
      before,
    );
  });

  it('are read-only where they were shared so, and no symlink leads out of them', async () => {
    writeFileSync(join(world().shared.readOnly, 'file'), 'kept\n');
    const directory = world().shared.readOnly;
    const result = await sh(
      'cat /ro/file; echo x > /ro/file; rm /ro/file; touch /ro/new',
      '-v',
      `${directory}:/ro`,
    );
    expect(result.stdout, result.stderr).to.equal('kept\n');
    expect(result.stderr.match(/Read-only file system/g)).to.have.length(3);
    // In the VM, past the container's mount: the computer's side refuses too.
    const past = await world().inVm(
      `cd /run/wherry/shares; for d in */; do [ -e $d/file ] && { echo x > $d/file; rm $d/file; ln -s /etc/hostname $d/l; }; done 2>&1; true`,
    );
    expect(past).to.match(/Permission denied|Operation not permitted/);
    expect(readFileSync(join(directory, 'file'), 'utf8')).to.equal('kept\n');

    const escapes = own('escapes');
    symlinkSync('/etc', join(escapes, 'etc'));
    const tried = await sh('cat /e/etc/hostname; ls /e/../../..', '-v', `${escapes}:/e`);
    // The container's own /etc, as with any Docker.
    expect(tried.stdout.split('\n')[0]).to.match(/^[0-9a-f]{12}$/);
  });

  it('hold a hundred files, names of 255 bytes, and names that differ in case alone', async () => {
    const directory = own('many');
    const long = 'x'.repeat(255);
    const script = [
      `cd /m; mkdir many; i=0; while [ $i -lt 100 ]; do echo $i > many/f$i; i=$((i+1)); done`,
      `touch ${long}; ls | wc -l; ls many | wc -l; cat many/* | md5sum; echo a > case; echo b > CASE; cat case CASE`,
      'rm -r many; ls many',
    ].join('\n');
    const ran = await sh(script, '-v', `${directory}:/m`);
    const [entries, files, , ...cases] = ran.stdout.trim().split(/\s*\n/);
    expect([entries, files, ...cases], ran.stderr).to.deep.equal(['2', '100', 'a', 'b']);
    expect(existsSync(join(directory, long))).to.equal(true);
    expect(existsSync(join(directory, 'many'))).to.equal(false);
  });

  it('let every user of a container write, as the computer’s user', async () => {
    const directory = own('users');
    chmodSync(directory, 0o755);
    const script = 'echo mine > /u/file && chown 1000:1000 /u/file; cat /u/file';
    const ran = await sh(script, '-u', '1234', '-v', `${directory}:/u`);
    expect(ran.stdout, ran.stderr).to.equal('mine\n');
    expect(lstatSync(join(directory, 'file')).uid).to.equal(process.getuid?.());
  });

  it('come back in a running container when the agent was killed', async () => {
    const directory = own('back');
    writeFileSync(join(directory, 'file'), 'one\n');
    const name = 'e2e-share-back';
    const flags = ['-d', '--name', name, '--restart', 'always', '-v', `${directory}:/b`];
    await world().ok(['run', ...flags, busybox(), 'sh', '-c', 'cd /b; while sleep 1000; do :; done']);
    try {
      const status = await world().ok(['machine', 'status', MACHINE]);
      expect(status).to.match(/Running/);
      const pid = Number(
        /"pid":(\d+)/.exec(
          readFileSync(join(world().home, 'machines', MACHINE, 'agent.log'), 'utf8')
            .split('\n')
            .findLast((line) => line.includes('the agent serves')) ?? '',
        )?.[1],
      );
      process.kill(pid, 'SIGKILL');
      writeFileSync(join(directory, 'file'), 'two\n');
      await eventually(
        () => world().wherry(['exec', name, 'cat', '/b/file']),
        ({ stdout }) => stdout === 'two\n',
        "the file's new content in the container that ran on",
      );
    } finally {
      await world().wherry(['rm', '-f', name]);
    }
    rmSync(directory, { recursive: true });
  });
});
