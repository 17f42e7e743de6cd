import { expect } from 'chai';
import { join } from 'node:path';
import { MACHINE } from '../helpers/e2e-world.ts';
import { world } from '../helpers/e2e-hooks.ts';

/** Asks the engine what it runs on, over each socket named. */
const ASK_ENGINE = `
import http.client, json, socket, sys
for path in sys.argv[1:]:
    connection = http.client.HTTPConnection('engine')
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    connection.request('GET', '/v1.51/version')
    print(json.loads(connection.getresponse().read())['Os'])
`;

describe('volumes', () => {
  const busybox = () => world().image('busybox');
  const sh = (script: string, ...flags: string[]) =>
    world().wherry(['run', '--rm', ...flags, busybox(), 'sh', '-c', script]);

  it('outlive their containers, read-only where asked, in both CLIs', async () => {
    expect(await world().ok(['volume', 'create', '--label', 'a=b', 'e2e-data'])).to.equal('e2e-data\n');
    const written = await sh('echo kept > /data/file', '-v', 'e2e-data:/data');
    expect(written.status, written.stderr).to.equal(0);
    const refused = await sh('cat /data/file; echo x > /data/file', '-v', 'e2e-data:/data:ro');
    expect(refused.stdout).to.equal('kept\n');
    expect(refused.status).not.to.equal(0);
    expect(refused.stderr).to.match(/Read-only file system/);

    const mounts = 'type=volume,src=e2e-data,dst=/m,readonly';
    const both = await world().docker(['run', '--rm', '--mount', mounts, busybox(), 'cat', '/m/file']);
    expect(both.stdout, both.stderr).to.equal('kept\n');
    const listed = 'DRIVER    VOLUME NAME\nlocal     e2e-data\n';
    expect(await world().ok(['volume', 'ls', '-f', 'name=e2e-data'])).to.equal(listed);
    expect((await world().docker(['volume', 'ls', '-f', 'name=e2e-data'])).stdout).to.equal(listed);
    expect(await world().ok(['volume', 'inspect', '-f', '{{.Labels.a}}', 'e2e-data'])).to.equal('b\n');
    expect(await world().ok(['volume', 'rm', 'e2e-data'])).to.equal('e2e-data\n');
    expect((await world().wherry(['volume', 'rm', 'e2e-data'])).stderr).to.match(
      /get e2e-data: no such volume/,
    );
  });

  it("take over the image's content, and go with --rm when nobody named them", async () => {
    const before = await world().ok(['volume', 'ls', '-q']);
    const script = 'ls /bin/busybox; stat -c %a /bin/.; ls /etc/passwd';
    const filled = await sh(script, '-v', 'e2e-filled:/bin', '-v', '/etc');
    expect(filled.stdout, filled.stderr).to.equal('/bin/busybox\n755\n/etc/passwd\n');
    expect((await sh('ls /etc | wc -l', '-v', 'e2e-bare:/etc:nocopy')).stdout.trim()).to.equal('3');
    await world().ok(['volume', 'rm', 'e2e-bare', 'e2e-filled']);
    expect(await world().ok(['volume', 'ls', '-q'])).to.equal(before);
  });

  it('are beside --tmpfs and --read-only', async () => {
    const script = 'echo x > /t/file && echo x > /s/file && cat /t/file; echo x > /root-file';
    const result = await sh(script, '--read-only', '--tmpfs', '/t:size=1m', '--mount', 'type=tmpfs,dst=/s');
    expect(result.stdout).to.equal('x\n');
    expect(result.stderr).to.match(/Read-only file system/);
  });

  it("bind the engine's socket under either of its names", async () => {
    const host = join(world().home, 'machines', MACHINE, 'docker.sock');
    const binds = ['-v', '/var/run/docker.sock:/a.sock', '-v', `${host}:/b.sock`];
    const words = [
      'run',
      '--rm',
      ...binds,
      world().image('python:trixie'),
      '-c',
      ASK_ENGINE,
      '/a.sock',
      '/b.sock',
    ];
    const asked = await world().docker(words);
    expect(asked.stdout, asked.stderr).to.equal('linux\nlinux\n');
  });
});
