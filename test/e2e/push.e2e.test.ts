import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { repository } from '../helpers/e2e-world.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { runProgram } from '../helpers/process.ts';
import { ACCOUNT } from '../helpers/registry.ts';
import { onTerminal } from '../helpers/terminal.ts';

const { username, password } = ACCOUNT;
const encoded = Buffer.from(`${username}:${password}`).toString('base64');

describe('login and push', () => {
  let config: string;
  let host: string;
  let name: string;
  const wherry = async (args: string[], input = '') =>
    await world().wherry(args, { env: { DOCKER_CONFIG: config }, input });
  const docker = async (args: string[], input = '') =>
    await world().docker(args, { env: { DOCKER_CONFIG: config }, input });
  const ok = async (args: string[], input?: string) => {
    const done = await wherry(args, input);
    expect(done.status, `wherry ${args.join(' ')}\n${done.stdout}${done.stderr}`).to.equal(0);
    return done.stdout;
  };
  /** The digest that a third client sees. */
  const digestAt = async (tag: string) => {
    const port = host.split(':')[1] ?? '';
    const { stdout, stderr } = await runProgram(join(world().tools.binDir, 'skopeo'), [
      'inspect',
      '--tls-verify=false',
      `--creds=${username}:${password}`,
      '--format={{.Digest}}',
      `docker://127.0.0.1:${port}/team/busybox:${tag}`,
    ]);
    expect(stderr).to.equal('');
    return stdout.trim();
  };

  before(() => {
    config = mkdtempSync(join(tmpdir(), 'wherry-docker-config-'));
    host = world().closedHost;
    name = `${host}/team/busybox`;
  });
  after(async () => {
    await world().wherry(['rmi', '-f', `${name}:1`, `${name}:2`]);
    rmSync(config, { recursive: true, force: true });
  });

  it('knows a wrong password from the right one, and keeps that for its owner', async () => {
    const wrong = await wherry(['login', '-u', username, '--password-stdin', host], 'no');
    expect(wrong.status).to.equal(1);
    expect(wrong.stderr).to.equal(
      `Error response from daemon: login attempt to http://${host}/v2/ failed with status: 401 Unauthorized\n`,
    );
    const right = await wherry(['login', '-u', username, '--password-stdin', host], `${password}\n`);
    expect(right.stdout, right.stderr).to.equal('Login Succeeded\n');
    expect(right.stderr).to.contain(
      `WARNING! Your credentials are stored unencrypted in '${config}/config.json'`,
    );
    expect(statSync(join(config, 'config.json')).mode & 0o777).to.equal(0o600);
    expect(JSON.parse(readFileSync(join(config, 'config.json'), 'utf8'))).to.deep.equal({
      auths: { [host]: { auth: encoded } },
    });
    const kept = await wherry(['login', host]);
    expect(kept).to.include({ status: 0, stdout: 'Login Succeeded\n' });
    expect(kept.stderr).to.equal(`Authenticating with existing credentials... [Username: ${username}]\n`);
  });

  it('pushes with the credentials that are kept, and without them not', async () => {
    await ok(['tag', world().image('busybox'), `${name}:1`]);
    const pushed = await ok(['push', `${name}:1`]);
    const digest = /^1: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(pushed)?.[1];
    expect(pushed).to.match(new RegExp(`^The push refers to repository \\[${name}\\]\n`));
    expect(pushed)
      .to.match(/^[0-9a-f]{12}: Preparing$/m)
      .and.to.match(/^[0-9a-f]{12}: Pushed$/m);
    expect(await digestAt('1')).to.equal(digest);
    expect(await ok(['inspect', '-f', '{{json .RepoDigests}}', `${name}:1`])).to.contain(
      `"${name}@${digest}"`,
    );

    // The stock client, with what ours has kept.
    await ok(['tag', `${name}:1`, `${name}:2`]);
    const theirs = await docker(['push', `${name}:2`]);
    expect(theirs.stdout, theirs.stderr)
      .to.contain('Layer already exists')
      .and.to.contain(`2: digest: ${digest}`);
    expect(await digestAt('2')).to.equal(digest);

    await ok(['logout', host]);
    const refused = await wherry(['push', '-q', `${name}:1`]);
    expect(refused).to.include({ status: 1, stderr: 'no basic auth credentials\n' });
    expect((await docker(['push', `${name}:2`])).stderr).to.equal('no basic auth credentials\n');
    await ok(['rmi', `${name}:1`, `${name}:2`]);
    const denied = await wherry(['pull', `${name}:1`]);
    expect(denied.status).to.equal(1);
    expect(denied.stderr).to.contain(`pull access denied for ${name}`).and.to.contain("'wherry login'");
  });

  it("pulls and runs with what docker's client has logged in with", async () => {
    const login = await docker(['login', '-u', username, '--password-stdin', host], password);
    expect(login.stdout, login.stderr).to.equal('Login Succeeded\n');
    expect(await ok(['run', '--rm', `${name}:1`, 'echo', 'it runs'])).to.equal('it runs\n');
    await ok(['rmi', `${name}:1`]);
    const all = await ok(['pull', '--all-tags', name]);
    // In the registry's order.
    for (const tag of ['1', '2']) expect(all).to.contain(`${tag}: Pulling from team/busybox\nDigest: `);
    expect(all.match(/^Status: /gm)).to.have.length(1);
    const images = await ok(['images', '--format', '{{.Repository}}:{{.Tag}}', name]);
    expect(images.trim().split('\n').toSorted()).to.deep.equal([`${name}:1`, `${name}:2`]);
  });

  it('asks on a terminal, and shows no password', async () => {
    await ok(['logout', host]);
    const { seen, status } = await onTerminal(
      [process.execPath, join(repository, 'bin', 'run.js'), 'login', host],
      [
        { sees: 'Username: ', types: `${username}\r` },
        { sees: 'Password: ', types: `${password}\r` },
      ],
      { ...world().env, DOCKER_CONFIG: config },
    );
    expect(status, seen).to.equal(0);
    expect(seen).to.contain('Login Succeeded').and.not.to.contain(password);
  });

  it('leaves nothing of the password in the VM, nor in a log', async () => {
    const words = `${password}|${encoded}`;
    // The layers are what they were before: the engine's own small files are looked at, and all that runs.
    const inVm = await world().inVm(
      `find /run /var /tmp /data -xdev -type f -size -2048k 2>/dev/null | xargs grep -lE '${words}' 2>/dev/null; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -oE 'node[^|]*${password}' ; true`,
    );
    expect(inVm).to.equal('');
    const onHost = await runProgram('grep', [
      '-rlE',
      '--exclude=*.img',
      '--exclude=*.raw',
      '--exclude-dir=images',
      words,
      world().home,
    ]);
    expect(onHost.stdout).to.equal('');
  });
});
