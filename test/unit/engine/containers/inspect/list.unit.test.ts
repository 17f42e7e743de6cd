import { expect } from 'chai';
import type { ContainersContext } from '../../../../../src/engine/containers/context.ts';
import { listContainers } from '../../../../../src/engine/containers/inspect/list-containers.ts';
import type { ContainerRecord, ContainerState } from '../../../../../src/engine/containers/model.ts';
import { ContainerEntry, ContainerRegistry } from '../../../../../src/engine/containers/registry.ts';
import { notFound } from '../../../../../src/engine/errors.ts';
import { containerConfig, hostConfig } from '../../../../../src/protocol/docker/container-config.ts';

const times = { startedAt: '2026-11-22T00:00:00Z', finishedAt: '2026-11-22T00:00:01Z' };
const exited = (exitCode: number): ContainerState => ({
  status: 'exited',
  exitCode,
  oomKilled: false,
  error: '',
  ...times,
});
const running = {
  status: 'running',
  paused: false,
  startedAt: times.startedAt,
  process: { pid: 1, startTicks: 1, bootId: '' },
  sandbox: {
    netnsPath: undefined,
    nameservers: [],
    endpoints: [],
    ports: [{ proto: 'tcp', containerPort: 80, hostAddress: '127.0.0.1', hostPort: 49_153 }],
  },
} as unknown as ContainerState;

describe('GET /containers/json', () => {
  const registry = new ContainerRegistry();
  const context = {
    registry,
    volumes: { mountpointOf: () => '' },
    images: {
      resolve: (reference: string) => {
        if (reference === 'busybox' || reference === 'sha256:bb') return { id: 'sha256:bb' };
        throw notFound(`No such image: ${reference}`);
      },
    },
  } as unknown as ContainersContext;
  let seconds = 0;
  const add = (id: string, name: string, state: ContainerState, fields: object = {}): void => {
    seconds += 1;
    const record = {
      recordVersion: 1,
      id: id.padEnd(64, '0'),
      name,
      created: `2026-11-22T00:00:0${seconds}.000000000Z`,
      imageId: 'sha256:bb',
      config: containerConfig.parse({ Image: 'busybox', ...fields }),
      hostConfig: hostConfig.parse({ NetworkMode: 'bridge', ...fields }),
      networking: { EndpointsConfig: {} },
      argv: ['sh', '-c', 'echo hi'],
      state,
      stoppedByUser: false,
      ...fields,
    } as unknown as ContainerRecord;
    registry.add(new ContainerEntry(record));
  };
  add('aa11', 'web', running, { ExposedPorts: { '80/tcp': {} }, health: { Status: 'healthy', Log: [] } });
  add(
    'bb22',
    'db',
    { status: 'restarting', exitCode: 3, oomKilled: false, ...times },
    { Labels: { tier: 'back' } },
  );
  add('cc33', 'job', exited(3), {
    PortBindings: { '5000/udp': [{ HostPort: '' }] },
    mounts: [{ type: 'bind', source: '/srv', destination: '/data' }],
    NetworkMode: 'none',
  });
  add('dd44', 'fine', exited(0), {
    Image: 'gone',
    mounts: [{ type: 'volume', name: 'vol', destination: '/data' }],
  });
  add('ee55', 'new', { status: 'created' });

  const list = async (filters: Record<string, string[]> = {}, all = true, limit = 0) =>
    listContainers(context, { all, limit, size: false, filters: new Map(Object.entries(filters)) });
  const names = async (...options: Parameters<typeof list>): Promise<string> =>
    (await list(...options)).map(({ Names }) => (Names as string[])[0]?.slice(1)).join(' ');

  it('the newest first; without `all` those that are up, and more where a filter or a limit asks for them', async () => {
    expect(await names()).to.equal('new fine job db web');
    expect(await names({}, false)).to.equal('db web');
    expect(await names({}, false, 2)).to.equal('new fine');
    expect(await names({ status: ['exited'] }, false)).to.equal('fine job');
    expect(await names({ exited: ['3'] }, false)).to.equal('');
  });

  const cases: [Record<string, string[]>, string][] = [
    [{ id: ['33'] }, 'job'],
    [{ name: ['^/we'] }, 'web'],
    [
      { name: ['b$', 'ne'] },
      'new fine job db web'
        .split(' ')
        .filter((name) => /b$|ne/.test(name))
        .join(' '),
    ],
    [{ label: ['tier=back'] }, 'db'],
    [{ status: ['restarting', 'created'] }, 'new db'],
    [{ exited: ['3'] }, 'job'],
    [{ exited: ['0'] }, 'fine'],
    [{ ancestor: ['busybox'] }, 'new fine job db web'],
    [{ ancestor: ['nothing'] }, ''],
    [{ before: ['cc33'] }, 'db web'],
    [{ since: ['job'] }, 'new fine'],
    [{ health: ['healthy'] }, 'web'],
    [{ health: ['none'], status: ['exited'] }, 'fine job'],
    [{ network: ['none'] }, 'job'],
    [{ volume: ['vol'] }, 'fine'],
    [{ volume: ['/srv'] }, 'job'],
    [{ volume: ['/data'] }, 'fine job'],
    [{ expose: ['80'] }, 'web'],
    [{ expose: ['79-81/tcp'] }, 'web'],
    [{ publish: ['80'] }, 'web'],
    [{ publish: ['4000-6000/udp'] }, 'job'],
    [{ publish: ['5000'] }, ''],
    [{ 'is-task': ['true'] }, ''],
    [{ 'is-task': ['false'], name: ['db'] }, 'db'],
  ];
  for (const [filter, expected] of cases) {
    it(`filters by ${JSON.stringify(filter)}`, async () => expect(await names(filter)).to.equal(expected));
  }

  it('refuses values that make no sense', async () => {
    const wrong: [Record<string, string[]>, RegExp][] = [
      [{ status: ['asleep'] }, /^invalid filter 'status=asleep'$/],
      [{ health: ['ill'] }, /^unrecognized filter value for health: ill$/],
      [{ exited: ['x'] }, /^invalid filter 'exited=x'$/],
      [{ name: ['('] }, /^invalid filter 'name=\('$/],
      [{ since: ['nobody'] }, /^No such container: nobody$/],
      [{ publish: ['1:2'] }, /should not contain ':'/],
      [{ expose: ['http'] }, /invalid port/],
    ];
    for (const [filter, words] of wrong) {
      const failure: unknown = await list(filter).catch((error: unknown) => error);
      expect((failure as Error).message, JSON.stringify(filter)).to.match(words);
    }
  });

  it('quotes arguments with spaces, and tells of an image by its id when its name means another', async () => {
    expect((await list({ name: ['web'] }))[0]).to.include({ Command: "sh -c 'echo hi'", Image: 'busybox' });
    expect((await list({ name: ['fine'] }))[0]).to.include({ Image: 'sha256:bb', ImageID: 'sha256:bb' });
  });
});
