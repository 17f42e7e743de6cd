import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { engineConfig } from '../../../../src/protocol/boot/config-disk.ts';
import { networkRoutes } from '../../../../src/engine/api/networks/routes.ts';
import { outsideOf } from '../../../../src/engine/images/outside/outside.ts';
import { createSystemBackend } from '../../../../src/engine/api/system/facts.ts';
import { systemRoutes } from '../../../../src/engine/api/system/routes.ts';
import { createApiServer } from '../../../../src/engine/api/server.ts';
import type { ApiServer } from '../../../../src/engine/api/server.ts';
import { volumeRoutes } from '../../../../src/engine/api/volumes/routes.ts';
import { Volumes } from '../../../../src/engine/volumes/volumes.ts';
import { EventBus } from '../../../../src/engine/events.ts';
import { openNetworks } from '../../../../src/engine/networks/networks.ts';
import { debianTools } from '../../../helpers/debian-tools.ts';

/** The stock docker CLI of Debian trixie against the API server's system and network routes. Linux. */
const image = (letter: string, Containers: number, SharedSize: number) => ({
  Id: `sha256:${letter.repeat(64)}`,
  RepoTags: [`${letter}:latest`],
  RepoDigests: [],
  ParentId: '',
  Labels: null,
  Created: 1_700_000_000,
  Size: 2_000_000,
  SharedSize,
  Containers,
});
const container = (digit: string, State: string, SizeRw: number) => ({
  Id: digit.repeat(64),
  Names: [`/c${digit}`],
  Image: 'a',
  ImageID: '',
  Command: 'sh',
  Created: 1_700_000_000,
  Ports: [],
  Labels: {},
  State,
  Status: State,
  Mounts: [],
  SizeRw,
  SizeRootFs: SizeRw + 2_000_000,
});
const volume = (name: string) => ({
  name,
  mountpoint: `/v/${name}`,
  createdAt: '2026-01-01T00:00:00Z',
  labels: null,
});

describe('the docker CLI', function () {
  this.timeout(120_000);
  let directory: string;
  let docker: string;
  let server: ApiServer;
  const events = new EventBus();

  const runWith = (
    extra: Record<string, string>,
    args: readonly string[],
  ): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const env = {
        PATH: process.env['PATH'],
        HOME: directory,
        DOCKER_HOST: `unix://${directory}/api.sock`,
        ...extra,
      };
      execFile(docker, [...args], { env, timeout: 30_000 }, (error, stdout, stderr) =>
        resolve({
          code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        }),
      );
    });
  const run = (...args: string[]) => runWith({}, args);

  before(async () => {
    // The same set as the end-to-end tests', so that it is brought once.
    const tools = await debianTools(['docker-registry', 'skopeo', 'docker-cli', 'erofs-utils']);
    docker = join(tools.binDir, 'docker');
    directory = await mkdtemp(join(tmpdir(), 'wherry-cli-'));
    const system = createSystemBackend({
      version: '9.8.7',
      id: 'the-id',
      dataDir: directory,
      config: engineConfig.parse({
        configVersion: 1,
        machineName: 'm1',
        accelerator: 'tcg',
        labels: ['place=desk'],
        registryMirrors: ['http://10.0.2.2:5000'],
        insecureRegistries: ['10.0.2.2:5000', '192.0.2.0/24'],
      }),
      outside: outsideOf({ proxy: { http: 'http://me:secret@proxy:3128', no: 'a.test' } }),
      events,
      usage: {
        images: () => ({ layersSize: 3_000_000, images: [image('a', 1, 1_000_000), image('b', 0, 0)] }),
        containers: async () => [container('1', 'running', 1500), container('2', 'exited', 500)],
        volumes: async () => [
          { volume: volume('used'), bytes: 4_000_000, users: 1 },
          { volume: volume('spare'), bytes: 1_000_000, users: 0 },
        ],
      },
      inventory: { containers: () => ({ running: 1, paused: 0, stopped: 2 }), images: () => 4 },
      log: () => undefined,
    });
    const networks = await openNetworks({
      dataDir: directory,
      runDir: directory,
      events,
      cgroup: { root: '/sys/fs/cgroup', parent: '/wherry' },
      onUpstreamFailure: () => undefined,
    });
    const routes = [
      ...systemRoutes(system),
      ...networkRoutes(networks),
      ...volumeRoutes(await Volumes.open(directory, events)),
    ];
    server = createApiServer({ routes, version: '9.8.7', log: () => undefined });
    await server.listen(join(directory, 'api.sock'));
  });
  after(async () => {
    await server?.close();
    if (directory !== undefined) await rm(directory, { recursive: true });
  });

  it('prints what takes the disk', async () => {
    expect((await run('system', 'df')).stdout).to.equal(
      [
        'TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE',
        'Images          2         1         3MB       2MB (66%)',
        'Containers      2         1         2kB       500B (25%)',
        'Local Volumes   2         1         5MB       1MB (20%)',
        'Build Cache     0         0         0B        0B',
        '',
      ].join('\n'),
    );
    const { stdout } = await run('system', 'df', '-v');
    expect(stdout).to.match(/^a +latest +a+ .* 2MB +1MB +1MB +1$/m);
    expect(stdout).to.match(/^used +1 +4MB$/m);
  });

  it('prints both versions', async () => {
    const { stdout } = await run('version');
    expect(stdout).to.match(
      /^Server: Wherry Engine\n Engine:\n {2}Version: +9\.8\.7\n {2}API version: +1\.51 \(minimum version 1\.24\)\n/m,
    );
    expect((await run('version', '--format', '{{.Server.Os}}')).stdout).to.equal('linux\n');
  });

  it('prints info without a warning', async () => {
    const { stdout, stderr, code } = await run('info');
    expect([code, stderr]).to.deep.equal([0, '']);
    for (const line of [
      ' Containers: 3',
      '  Running: 1',
      '  Stopped: 2',
      ' Images: 4',
      ' Server Version: 9.8.7',
      ' Cgroup Version: 2',
      ' Default Runtime: crun',
      '  wherry.machine=m1',
      '  wherry.accelerator=tcg',
      '  place=desk',
      '  10.0.2.2:5000',
      '  192.0.2.0/24',
      '  http://10.0.2.2:5000',
      ' HTTP Proxy: http://xxxxx:xxxxx@proxy:3128',
      ' No Proxy: a.test',
    ]) {
      expect(stdout.split('\n')).to.include(line);
    }
  });

  it('speaks the API version that it is told to, and refuses others', async () => {
    expect((await runWith({ DOCKER_API_VERSION: '1.24' }, ['network', 'ls'])).code).to.equal(0);
    expect((await runWith({ DOCKER_API_VERSION: '1.99' }, ['network', 'ls'])).stderr).to.include(
      'client version 1.99 is too new. Maximum supported API version is 1.51',
    );
  });

  it('makes, lists, inspects and removes networks', async () => {
    expect((await run('network', 'ls', '--format', '{{.Name}} {{.Driver}}')).stdout).to.equal(
      'bridge bridge\nhost host\nnone null\n',
    );
    expect((await run('network', 'create', '--label', 'a=b', 'mine')).stdout).to.match(/^[0-9a-f]{64}\n$/);
    expect((await run('network', 'create', 'mine')).stderr).to.include(
      'network with name mine already exists',
    );
    const format = '{{.Name}} {{(index .IPAM.Config 0).Gateway}} {{.Labels}}';
    expect((await run('network', 'inspect', '--format', format, 'mine')).stdout).to.equal(
      'mine 172.18.0.1 map[a:b]\n',
    );
    expect(
      (await run('network', 'ls', '-q', '--filter', 'label=a=b')).stdout.trim().split('\n'),
    ).to.have.length(1);
    expect((await run('network', 'rm', 'mine')).stdout).to.equal('mine\n');
    expect((await run('network', 'rm', 'bridge')).stderr).to.include(
      'bridge is a pre-defined network and cannot be removed',
    );
    const refused = await run('network', 'create', '-o', 'colour=red', 'x');
    expect(refused.stderr).to.include('network option colour is not implemented by Wherry yet');
  });

  it('makes networks of every kind', async () => {
    const create = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await run('network', 'create', ...args, 'kind');
      expect(code, stderr).to.equal(0);
      const { stdout } = await run('network', 'inspect', 'kind');
      expect((await run('network', 'rm', 'kind')).code).to.equal(0);
      const [{ IPAM, Internal, Attachable, EnableIPv6, Options }] = JSON.parse(stdout) as [
        Record<string, unknown>,
      ];
      return JSON.stringify({
        config: (IPAM as { Config: unknown }).Config,
        Internal,
        Attachable,
        EnableIPv6,
        Options,
      });
    };
    expect(
      await create(
        ...'--subnet 10.9.0.0/16 --ip-range 10.9.4.0/24 --gateway 10.9.0.9 --internal --attachable'.split(
          ' ',
        ),
        ...'--aux-address router=10.9.0.5 -o com.docker.network.bridge.name=br-kind'.split(' '),
        ...'-o com.docker.network.bridge.enable_icc=false --ipv6 --subnet fd00:9::/64'.split(' '),
      ),
    ).to.equal(
      '{"config":[{"Subnet":"10.9.0.0/16","IPRange":"10.9.4.0/24","Gateway":"10.9.0.9","AuxiliaryAddresses":{"router":"10.9.0.5"}},' +
        '{"Subnet":"fd00:9::/64","Gateway":"fd00:9::1"}],"Internal":true,"Attachable":true,"EnableIPv6":true,' +
        '"Options":{"com.docker.network.bridge.enable_icc":"false","com.docker.network.bridge.name":"br-kind"}}',
    );
    expect(await create('--ipv6')).to.match(/"Subnet":"fd[0-9a-f]{2}:.*::\/64"/);
    const overlapping = await run('network', 'create', '--subnet', '172.17.8.0/24', 'x');
    expect(overlapping.stderr).to.include('Pool overlaps with other one on this address space');
    const own = await run('network', 'create', '-o', 'com.docker.network.bridge.name=lo', 'x');
    expect(own.stderr).to.match(/the VM has an interface lo/);
    expect((await run('network', 'create', '-d', 'host', 'x')).stderr).to.include(
      'only one instance of "host" network is allowed',
    );
  });

  it('follows events', async () => {
    events.publish('container', 'start', 'f'.repeat(64), { name: 'web', image: 'busybox' });
    const until = String(Math.floor(Date.now() / 1000) + 1);
    const { stdout } = await run('events', '--since', '1h', '--until', until, '--filter', 'container=web');
    expect(stdout).to.match(/container start f{64} \(image=busybox, name=web\)\n$/);
  });

  it('hears what is not built by name', async () => {
    expect((await run('volume', 'create', '--opt', 'type=nfs', 'share')).stderr).to.include(
      'volume option "type" is not implemented yet',
    );
    expect((await run('volume', 'ls', '-q')).stdout).to.equal('');
    expect((await run('swarm', 'init')).stderr).to.include(
      'POST /swarm/init is not implemented by Wherry yet',
    );
  });
});
