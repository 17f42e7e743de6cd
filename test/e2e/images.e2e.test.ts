import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';
import { waitForLog } from '../helpers/wait-for-log.ts';

describe('images', () => {
  const sh = async (script: string) =>
    world().ok(['run', '--rm', world().image('busybox'), 'sh', '-c', script]);

  it('applies whiteouts, opaque directories, hard links, xattrs, owners and names of any bytes', async () => {
    const listing = await sh(
      'cd /opt/tricky; ls; ls emptied; cat replaced; stat -c %h,%i linked; stat -c %h,%i /opt/linked-elsewhere; stat -c %u:%g:%a owned; echo caf* | od -c',
    );
    expect(listing).not.to.match(/removed|below/);
    expect(listing).to.match(/^above$/m);
    expect(listing).to.match(/^new$/m);
    const links = listing.match(/^2,\d+$/gm) ?? [];
    expect(links).to.have.length(2);
    expect(links[0]).to.equal(links[1]);
    expect(listing).to.match(/^1234:4321:640$/m);
    expect(listing).to.match(/351/);
    const xattr = await world().ok([
      'run',
      '--rm',
      world().image('python:trixie'),
      '-c',
      'import os; print(os.getxattr("/opt/tricky/attributed", "user.wherry"))',
    ]);
    expect(xattr).to.equal("b'kept'\n");
  });

  it('runs two Pythons of two Debian releases side by side', async () => {
    const version = async (tag: string) =>
      world().ok([
        'run',
        '--rm',
        world().image(`python:${tag}`),
        '-c',
        'import sys; print(*sys.version_info[:2])',
      ]);
    expect(await version('trixie')).to.equal('3 13\n');
    expect(await version('bookworm')).to.equal('3 11\n');
  });

  it('lists, inspects and removes', async () => {
    const listing = await world().ok(['images', '--format', '{{.Repository}}:{{.Tag}}']);
    expect(listing.split('\n')).to.include(world().image('redis:latest'));
    expect(
      await world().ok([
        'inspect',
        '-f',
        '{{.Architecture}}/{{.Os}} {{len .RootFS.Layers}}',
        world().image('redis'),
      ]),
    ).to.equal('amd64/linux 3\n');
    expect(await world().ok(['pull', world().image('busybox')])).to.match(/Status: Image is up to date for/);
    const missing = await world().wherry(['rmi', 'nonesuch']);
    expect(missing.status).to.equal(1);
    expect(missing.stderr).to.match(/No such image: nonesuch/);
  });

  it('refuses to remove the image of a running container, even by force', async () => {
    const container = (await world().ok(['run', '-d', world().image('busybox'), 'sleep', '1000'])).trim();
    const id = (await world().ok(['inspect', '-f', '{{.Image}}', container])).trim();
    const { status, stderr } = await world().wherry(['rmi', '-f', id]);
    await world().ok(['rm', '-f', container]);
    expect(status).to.equal(1);
    expect(stderr).to.match(/\(cannot be forced\) - image is being used by running container/);
  });
});

describe('containers together', () => {
  it('redis answers PING from a second container on the same bridge, by name', async () => {
    const id = (await world().ok(['run', '-d', '--name', 'db', world().image('redis')])).trim();
    expect(id).to.match(/^[0-9a-f]{64}$/);
    try {
      await waitForLog(world(), 'db', 'Ready to accept connections');
      const { stdout, stderr } = await world().wherry([
        'run',
        '--rm',
        '--entrypoint',
        'redis-cli',
        world().image('redis'),
        '-h',
        'db',
        '--no-auth-warning',
        'ping',
      ]);
      expect(stdout, stderr).to.equal('PONG\n');
      expect(await world().ok(['ps', '--format', '{{.Names}} {{.State}}'])).to.match(/^db running$/m);
      expect(await world().ok(['exec', 'db', 'redis-cli', 'ping'])).to.equal('PONG\n');
      expect(await world().ok(['logs', 'db'])).to.match(/Ready to accept connections/);
      expect((await world().wherry(['exec', '-w', '/nonesuch', 'db', 'true'])).status).to.be.oneOf([
        126, 127,
      ]);
      expect((await world().wherry(['exec', 'db', 'redis-cli', '--bogus'])).status).to.equal(1);
    } finally {
      await world().ok(['rm', '-f', 'db']);
    }
    expect(await world().ok(['ps', '-aq', '--filter', 'name=db'])).to.equal('');
  });

  it('stops orderly and says how containers ended', async () => {
    await world().ok([
      'run',
      '-d',
      '--name',
      'orderly',
      world().image('busybox'),
      'sh',
      '-c',
      "trap 'exit 9' TERM; echo up; while :; do sleep 0.1; done",
    ]);
    await waitForLog(world(), 'orderly', 'up');
    await world().ok(['stop', 'orderly']);
    expect(await world().ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'orderly'])).to.equal(
      'exited 9\n',
    );
    expect(await world().ok(['ps', '-a', '--filter', 'name=orderly', '--format', '{{.Status}}'])).to.match(
      /^Exited \(9\) /,
    );
    await world().ok(['rm', 'orderly']);
    const gone = await world().wherry(['inspect', 'orderly']);
    expect(gone).to.include({ status: 1, stderr: 'Error: No such object: orderly\n' });
  });
});
