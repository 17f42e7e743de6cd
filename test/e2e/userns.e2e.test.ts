import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';
import { waitForLog } from '../helpers/wait-for-log.ts';

describe('user ids of their own (--userns=auto)', () => {
  const names: string[] = [];
  const start = async (name: string, ...flags: string[]): Promise<string> => {
    names.push(name);
    await world().ok([
      'run',
      '-d',
      '--name',
      name,
      '--userns=auto',
      ...flags,
      world().image('busybox'),
      'sleep',
      '1000',
    ]);
    const pid = (await world().ok(['inspect', '-f', '{{.State.Pid}}', name])).trim();
    const map = await world().ok(['machine', 'ssh', 'e2e', `cat /proc/${pid}/uid_map`]);
    const [inside, first = '', size] = map.trim().split(/\s+/);
    expect([inside, size]).to.deep.equal(['0', '65536']);
    return first;
  };
  afterEach(async () => {
    for (const name of names.splice(0)) await world().wherry(['rm', '-f', name]);
  });

  it('are ranges apart, over the layers of real images, with a network that is theirs', async () => {
    const [one, two] = [await start('one', '-p', '0:80'), await start('two')];
    expect(Math.abs(Number(one) - Number(two))).to.be.at.least(65_536);
    const script =
      'id -u; ls -ln /bin/busybox | cut -c1-40; touch /made && chown 7 /made && stat -c %u /made; rm /bin/yes && echo removed; ip -o -4 addr show eth0; nc -l -p 80 </dev/null & for i in $(seq 300); do grep -qi ":0050 .* 0A " /proc/net/tcp /proc/net/tcp6 && echo listens && break; sleep 0.1; done; kill $!; echo x >> /etc/hosts && echo written';
    const inside = await world().docker(['exec', 'one', 'sh', '-c', script]);
    expect(inside.stdout, inside.stderr).to.match(
      /^0\n.* 0 +0 .*\n7\nremoved\n.*inet 172\.17\.\d+\.\d+\/16.*\nlistens\nwritten\n/,
    );
    const pid = (await world().ok(['inspect', '-f', '{{.State.Pid}}', 'one'])).trim();
    const outside = await world().ok([
      'machine',
      'ssh',
      'e2e',
      `stat -c %u /proc/${pid}/root/made /proc/${pid}/root/bin/busybox`,
    ]);
    expect(outside.trim().split('\n').map(Number)).to.deep.equal([Number(one) + 7, Number(one)]);
  });

  it('share volumes with the others by the same ids', async () => {
    const image = world().image('busybox');
    const run = (userns: string, script: string) =>
      world().ok(['run', '--rm', `--userns=${userns}`, '-v', 'ids:/v', image, 'sh', '-c', script]);
    expect(await run('auto', 'touch /v/a; chown 5:6 /v/a; cat /proc/self/uid_map')).not.to.match(/^ +0 +0 /);
    expect(await run('host', 'stat -c %u:%g /v/a; touch /v/b; chown 1000 /v/b')).to.equal('5:6\n');
    expect(await run('auto', 'stat -c %u /v/b; echo x > /v/b && echo written')).to.equal('1000\nwritten\n');
    await world().ok(['volume', 'rm', 'ids']);
  });

  it('run real programs as their own users, exec and cp included', async () => {
    const name = 'own-redis';
    names.push(name);
    await world().ok([
      'run',
      '-d',
      '--name',
      name,
      '--userns=auto',
      '-u',
      '1000',
      world().image('python:trixie'),
      '-c',
      'import time; print(open("/etc/passwd").readline(), flush=True); time.sleep(1000)',
    ]);
    const exec = await world().ok([
      'exec',
      '-u',
      '0',
      name,
      'python3',
      '-c',
      'import os; print(os.getuid(), os.stat("/usr/bin/su").st_uid if os.path.exists("/usr/bin/su") else 0)',
    ]);
    expect(exec.trim()).to.equal('0 0');
    await waitForLog(world(), name, 'root:x:0:0');
  });

  it('are not for those who share the machine', async () => {
    for (const [flag, message] of [
      ['--privileged', /privileged mode is incompatible with user namespaces/],
      ['--network=host', /cannot share the host's network namespace when user namespaces are enabled/],
    ] as const) {
      const { status, stderr } = await world().wherry([
        'run',
        '--rm',
        '--userns=auto',
        flag,
        world().image('busybox'),
        'true',
      ]);
      expect(status).to.equal(125);
      expect(stderr).to.match(message);
    }
  });

  it("are everybody's where the engine's configuration says so: Docker's own client too", async () => {
    const configuration = '/run/wherry/config/engine.json';
    /** Another configuration is read by another engine, which init starts; containers run on. */
    const restart = async (edit: string): Promise<void> => {
      const script = `before=$(cat /run/wherry/engine.pid); sed -i '${edit}' ${configuration}; kill -TERM $before; n=0; while [ $n -lt 600 ]; do n=$((n+1)); now=$(cat /run/wherry/engine.pid); [ "$now" != "$before" ] && [ -S /run/wherry.sock ] && break; sleep 0.1; done`;
      await world().ok(['machine', 'ssh', 'e2e', script]);
      await world().ok(['version']);
    };
    await start('before');
    await restart('s/"configVersion":1,/&"userns":"auto",/');
    try {
      const image = world().image('busybox');
      const map = ['run', '--rm', image, 'cat', '/proc/self/uid_map'];
      expect((await world().docker(map)).stdout).to.match(/^ +0 +[1-9]\d{5,} +65536\n$/);
      expect((await world().docker(map.toSpliced(2, 0, '--userns=host'))).stdout).to.match(
        /^ +0 +0 +4294967295\n$/,
      );
      const { status, stderr } = await world().docker(['run', '--rm', '--privileged', image, 'true']);
      expect(status).to.equal(125);
      expect(stderr).to.match(/privileged mode is incompatible with user namespaces/);
      expect((await world().docker(['info', '-f', '{{.SecurityOptions}}'])).stdout).to.include('name=userns');
      const cp = await world().docker(['exec', 'before', 'cat', '/proc/self/uid_map']);
      expect(cp.stdout, 'what ran before goes on').to.match(/ 65536\n$/);
    } finally {
      await restart('s/"userns":"auto",//');
    }
  });

  it('are those that cp gives files, and takes them from', async () => {
    await start('copies');
    await world().ok(['exec', 'copies', 'sh', '-c', 'echo mine > /mine; chown 1000:1001 /mine']);
    const archive = await world().docker(['cp', '-a', 'copies:/mine', '-']);
    expect(
      archive.stdout
        .slice(108, 123)
        .split('\0')
        .map((id) => Number.parseInt(id, 8))
        .filter((id) => id > 0),
    ).to.deep.equal([1000, 1001]);
    const back = await world().docker(['cp', '-a', '-', 'copies:/tmp'], { input: archive.stdout });
    expect(back.status, back.stderr).to.equal(0);
    expect(await world().ok(['exec', 'copies', 'stat', '-c', '%u:%g', '/tmp/mine'])).to.equal('1000:1001\n');
  });
});
