import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeAuthority } from '../helpers/certificates.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { processesOf } from '../helpers/machine/processes.ts';
import { runProgram } from '../helpers/process.ts';
import { startProxy, type TestProxy } from '../helpers/proxy.ts';
import { startRegistry, type Registry } from '../helpers/registry.ts';

const NAME = 'settings';
const SECRET = 's3cret-of-the-proxy';

describe('machine set, and the machine’s way to registries', function () {
  this.timeout(300_000);
  const authority = makeAuthority('Everywhere');
  const local = makeAuthority('One Registry');
  let scratch: string;
  let named: Registry;
  let addressed: Registry;
  let proxy: TestProxy;
  /** The registry on this computer, by the address that the VM knows it by. */
  let host: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-settings-'));
    const imagesOf = join(dirname(world().home), 'registry');
    const start = (directory: string, tls: ReturnType<typeof authority.issue>) =>
      startRegistry(join(world().tools.binDir, 'docker-registry'), join(scratch, directory), {
        imagesOf,
        tls,
      });
    named = await start('named', authority.issue(['registry.test']));
    addressed = await start('addressed', local.issue(['10.0.2.2']));
    host = `10.0.2.2:${addressed.port}`;
    proxy = await startProxy({
      ports: { 'registry.test:443': named.port, 'plain.test:80': world().registry.port },
    });
    writeFileSync(join(scratch, 'ca.pem'), authority.cert);
    env = { DOCKER_CONFIG: join(scratch, 'docker') };
    mkdirSync(join(scratch, 'docker'));
    await world().ok(['machine', 'create', '--cpus', '1', '--memory', '768', '--disk', '1', NAME], { env });
  });
  after(async () => {
    await world().wherry(['machine', 'rm', '-f', NAME]);
    await Promise.all([named?.stop(), addressed?.stop(), proxy?.stop()]);
    rmSync(scratch, { recursive: true });
  });

  const wherry = (...args: string[]) => world().wherry(['--machine', NAME, ...args], { env });
  const docker = (...args: string[]) =>
    runProgram(
      join(world().tools.binDir, 'docker'),
      ['-H', `unix://${join(world().home, 'machines', NAME, 'docker.sock')}`, ...args],
      { env: { ...world().env, ...env } },
    );
  const inVm = (script: string) => world().ok(['machine', 'ssh', NAME, script], { env });

  it('says of a registry whose certificate nobody vouches for what to do', async () => {
    const unknown = `Get "https://${host}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority (to trust its authority: wherry machine set ${NAME} --engine-ca-add FILE --restart)`;
    for (const run of [wherry, docker]) {
      const pulled = await run('pull', `${host}/library/busybox`);
      expect(pulled.status).to.equal(1);
      expect(pulled.stderr.trim()).to.equal(`Error response from daemon: ${unknown}`);
    }
  });

  it('changes a machine that runs from its restart on: size, disk, labels, proxies, certificates', async () => {
    await inVm('echo kept > /var/lib/wherry/kept');
    const disk = await wherry('machine', 'set', '--disk', '2', NAME);
    expect(disk).to.include({ status: 0, stdout: '' });
    expect(disk.stderr).to.equal(
      `Restart the machine for this to take effect: wherry machine restart ${NAME}\n`,
    );
    // No start has made it that large yet: a slip can be taken back.
    for (const size of ['1', '2'])
      expect((await wherry('machine', 'set', '--disk', size, NAME)).status, size).to.equal(0);

    const certificates = join(scratch, 'docker', 'certs.d', host);
    mkdirSync(certificates, { recursive: true });
    writeFileSync(join(certificates, 'ca.crt'), local.cert);
    const address = `http://me:${SECRET}@localhost:${proxy.port}`;
    const sizes = '--cpus 2 --memory 896 --restart';
    const variables = '--engine-env HTTPS_PROXY --engine-env http_proxy --engine-env NO_PROXY=quiet.test';
    const others = '--engine-label place=desk --engine-insecure-registry plain.test';
    const words = `machine set ${NAME} ${sizes} ${variables} ${others} --engine-ca`.split(' ');
    const set = await world().wherry([...words, join(scratch, 'ca.pem')], {
      env: { ...env, HTTPS_PROXY: address, http_proxy: address },
    });
    expect(set.status, set.stderr).to.equal(0);
    expect(await inVm('nproc; cat /var/lib/wherry/kept')).to.equal('2\nkept\n');
    const blocks = await inVm("df -k /var/lib/wherry | awk 'NR==2 {print $2}'");
    expect(Number(blocks)).to.be.within(1.7 * 2 ** 20, 2 * 2 ** 20);
    const smaller = await wherry('machine', 'set', '--disk', '1', NAME);
    expect(smaller.status).to.equal(1);
    expect(smaller.stderr).to.match(
      /^Error: the data disk of "settings" has 2 GiB and can't be made smaller/,
    );
    const { stdout } = await docker('info', '--format', '{{json .}}');
    const info = JSON.parse(stdout) as Record<string, unknown>;
    expect(info['MemTotal']).to.be.within(768 * 2 ** 20, 896 * 2 ** 20);
    expect(info['Labels']).to.include('place=desk');
    const masked = `http://xxxxx:xxxxx@10.0.2.2:${proxy.port}`;
    expect(info).to.include({ HttpProxy: masked, HttpsProxy: masked, NoProxy: 'quiet.test' });
    expect((await wherry('info')).stdout).to.contain(` HTTPS Proxy: ${masked}\n`);
  });

  it('pulls through the proxy, by the certificates it was given', async () => {
    const pulled = await wherry('pull', '-q', 'registry.test/library/busybox');
    expect(pulled.status, pulled.stderr).to.equal(0);
    expect(proxy.asked).to.include('CONNECT registry.test:443');
    const plain = await docker('pull', '-q', 'plain.test/library/busybox');
    expect(plain.status, plain.stderr).to.equal(0);
    expect(proxy.asked).to.include('GET http://plain.test/v2/library/busybox/manifests/latest');
    const expected = `Basic ${Buffer.from(`me:${SECRET}`).toString('base64')}`;
    expect(new Set(proxy.authorizations)).to.deep.equal(new Set([expected]));
    // This computer's own registry isn't asked by way of a proxy, and is trusted by its own directory in certs.d.
    const direct = await wherry('pull', '-q', `${host}/library/busybox`);
    expect(direct.status, direct.stderr).to.equal(0);
    expect(proxy.asked.filter((asked) => asked.includes('10.0.2.2'))).to.deep.equal([]);
  });

  it('keeps the proxy’s password to machine.json, the config disk and the engine', async () => {
    const { qemu, agent } = await processesOf(world().home, NAME);
    expect(qemu.length + agent.length).to.be.greaterThan(1);
    const directory = join(world().home, 'machines', NAME);
    const shown = [
      ...[...qemu, ...agent].map(({ argv }) => argv.join(' ')),
      readFileSync(join(directory, 'agent.log'), 'utf8'),
      readFileSync(join(directory, 'console.log'), 'utf8'),
      (await wherry('machine', 'inspect', NAME)).stdout,
      (await docker('info')).stdout,
      // Not the word itself: it would be found in this very command.
      await inVm("cat /proc/[0-9]*/cmdline; grep -rh 's[3]cret-of-the-proxy' /var/lib/wherry; true"),
    ];
    for (const text of shown)
      expect(text)
        .not.to.contain(SECRET)
        .and.not.contain(btoa(`me:${SECRET}`));
    expect(shown[shown.length - 3]).to.contain('HTTPS_PROXY=http://xxxxx:xxxxx@localhost');
  });

  it('regenerate-certs makes new keys, and the machine opens to them alone', async () => {
    const directory = join(world().home, 'machines', NAME);
    const keys = () =>
      ['id_ed25519', 'known_hosts'].map((name) => readFileSync(join(directory, name), 'utf8'));
    const before = keys();
    const { status, stdout, stderr } = await wherry('machine', 'regenerate-certs', '-f', NAME);
    expect({ status, stdout }, stderr).to.deep.equal({
      status: 0,
      stdout: 'Regenerating TLS certificates\n',
    });
    for (const [index, text] of keys().entries()) expect(text).not.to.equal(before[index]);
    const allowed = await inVm('cat /run/wherry/ssh/authorized_keys /var/lib/wherry/kept');
    expect(allowed).to.equal(`${readFileSync(join(directory, 'id_ed25519.pub'), 'utf8')}kept\n`);
    expect(await world().ok(['machine', 'version', NAME])).to.match(/^\d+\.\d+\.\d+/);
  });

  it('gives containers the proxies of docker’s configuration, as docker does', async () => {
    const proxies = { default: { httpProxy: 'http://p.test:3128', noProxy: 'a.test' } };
    writeFileSync(join(scratch, 'docker', 'config.json'), JSON.stringify({ proxies }));
    const command = ['run', '--rm', '-e', 'no_proxy=mine', world().image('busybox'), 'env'];
    for (const client of ['wherry', 'docker'] as const) {
      const { stdout, stderr } = await world()[client](command, { env });
      const variables = stdout.split('\n').filter((line) => /proxy/i.test(line));
      expect(variables.sort(), stderr).to.deep.equal([
        'HTTP_PROXY=http://p.test:3128',
        'NO_PROXY=a.test',
        'http_proxy=http://p.test:3128',
        'no_proxy=mine',
      ]);
    }
  });
});
