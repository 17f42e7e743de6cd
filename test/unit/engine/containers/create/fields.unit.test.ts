import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conmonArguments } from '../../../../../src/engine/containers/process/conmon-arguments.ts';
import { containerSpec } from '../../../../../src/engine/containers/process/container-spec.ts';
import { DEFAULT_CONFIG, layoutOf } from '../../../../../src/engine/containers/context.ts';
import type { ContainersContext } from '../../../../../src/engine/containers/context.ts';
import { createContainer } from '../../../../../src/engine/containers/create/create-container.ts';
import { CONFIG_FIELDS, HOST_CONFIG_FIELDS } from '../../../../../src/engine/containers/create/fields.ts';
import { blockIoFiles } from '../../../../../src/engine/containers/limits/cgroup-files.ts';
import { sizeLimit } from '../../../../../src/engine/containers/limits/storage.ts';
import { mountsForStart } from '../../../../../src/engine/containers/mounts/oci-mounts.ts';
import {
  extraHosts,
  hostsFile,
  resolvFile,
} from '../../../../../src/engine/containers/network/network-files.ts';
import { ALONE } from '../../../../../src/engine/containers/namespaces/join.ts';
import { hostnameOf, sandboxRequest } from '../../../../../src/engine/containers/network/sandbox-request.ts';
import { ContainerRegistry } from '../../../../../src/engine/containers/registry.ts';
import type { ContainerEntry } from '../../../../../src/engine/containers/registry.ts';
import { ContainerStore } from '../../../../../src/engine/containers/store.ts';
import { EngineError } from '../../../../../src/engine/errors.ts';
import { EventBus } from '../../../../../src/engine/events.ts';
import { NO_SHARES } from '../../../../../src/engine/shares/contract.ts';
import { Volumes } from '../../../../../src/engine/volumes/volumes.ts';
import { IdRanges } from '../../../../../src/engine/containers/userns/ranges.ts';
import { resolveUser } from '../../../../../src/engine/oci/user.ts';
import { OTHER_CONFIG, OTHER_HOST_CONFIG, dockerCreateBody, emptyEndpoint } from './create-bodies.ts';

/** Built, but to be seen in a container's life or in inspect, not in how it is set up. */
const SEEN_ELSEWHERE = new Set([
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'ExposedPorts',
  'Labels',
  'Image',
  'StopSignal',
  'StopTimeout',
  'ContainerIDFile',
  'RestartPolicy',
  'Healthcheck',
  'Shell',
]);

/** What cgroup v2 hasn't got. */
const DISCARDED: Readonly<Record<string, RegExp>> = {
  MemorySwappiness: /^Your kernel does not support memory swappiness/,
  OomKillDisable: /^Your kernel does not support OomKillDisable/,
};

/** Fields that have an effect only together with others. */
const TOGETHER_WITH: Readonly<Record<string, { config?: object; host?: object }>> = {
  PublishAllPorts: { config: { ExposedPorts: { '80/tcp': {} } } },
  ConsoleSize: { config: { Tty: true } },
  StdinOnce: { config: { OpenStdin: true } },
  MemorySwap: { host: { Memory: 64 * 1024 * 1024 } },
};

const NO_DISK = 'stat /dev/no-such-disk: no such file or directory';
const NO_REALTIME = 'Your kernel does not support CPU real-time scheduler';
/** What can't be had, or not on this computer. */
const REFUSED: Readonly<Record<string, string>> = {
  BlkioDeviceReadBps: NO_DISK,
  BlkioDeviceReadIOps: NO_DISK,
  BlkioDeviceWriteBps: NO_DISK,
  BlkioDeviceWriteIOps: NO_DISK,
  BlkioWeightDevice: NO_DISK,
  CpuRealtimePeriod: NO_REALTIME,
  CpuRealtimeRuntime: NO_REALTIME,
  DeviceRequests: 'could not select device driver "nvidia" with capabilities: [[gpu]]',
};

const refusal = async (work: Promise<unknown>): Promise<EngineError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(EngineError);
  return error as EngineError;
};

const bodyWith = (config: object, host: object): Record<string, unknown> => {
  const body = dockerCreateBody();
  return { ...body, ...config, HostConfig: { ...body.HostConfig, ...host } };
};

describe('fields of a create request', () => {
  let directory: string;
  let context: ContainersContext;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-fields-'));
    const layout = layoutOf(directory, directory);
    const events = new EventBus();
    context = {
      config: { ...DEFAULT_CONFIG, arch: 'amd64' },
      layout,
      images: {
        resolve: (reference: string) => ({
          id: `sha256:${reference}`,
          architecture: 'amd64',
          os: 'linux',
          config: {},
          layers: [],
        }),
        acquire: () => undefined,
        release: () => undefined,
      },
      events,
      networks: { lookup: () => undefined },
      volumes: await Volumes.open(directory, events),
      shares: NO_SHARES,
      rootfs: {
        limit: async () => undefined,
        mount: async () => ({ merged: directory }),
        remove: async () => undefined,
      },
      onBackgroundError: (error: unknown) => {
        throw error;
      },
      registry: new ContainerRegistry(),
      idRanges: new IdRanges(),
      users: { netns: () => '/netns' },
      store: new ContainerStore(layout.containers),
    } as unknown as ContainersContext;
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const create = async (config: object, host: object, name = ''): Promise<ContainerEntry> =>
    (await createContainer(context, { name, platform: '', body: bodyWith(config, host) })).entry;

  /** Everything that a container's process gets to see or feel, but for its id. */
  const setup = async ({ record }: ContainerEntry): Promise<string> => {
    const names = { hostname: hostnameOf(record), domainname: record.config.Domainname };
    const sandbox = { netnsPath: '/netns', endpoints: [], nameservers: ['192.0.2.53'] };
    const parts = [
      containerSpec({
        record,
        rootfs: '/rootfs',
        user: resolveUser(record.config.User, { passwd: '', group: '' }, record.hostConfig.GroupAdd),
        netnsPath: sandbox.netnsPath,
        users: record.idRange === undefined ? undefined : { userns: '/userns', sysfs: '/sysfs' },
        joined: { ...ALONE, pid: record.hostConfig.PidMode === 'host' ? 'host' : 'own' },
        ...names,
        files: {},
        mounts: await mountsForStart(context, record),
        cgroupsPath: '/wherry/x',
        init: '/init',
        arch: 'amd64',
      }),
      hostsFile(names, sandbox, extraHosts(record.hostConfig.ExtraHosts, '10.0.2.2'), '10.0.2.2'),
      resolvFile(sandbox, record.hostConfig),
      JSON.stringify(sandboxRequest(context, record)),
      conmonArguments(context, record).join('\n'),
      JSON.stringify(blockIoFiles(record.hostConfig)),
      JSON.stringify(sizeLimit(record.hostConfig.StorageOpt)),
    ];
    return parts
      .join('\n')
      .replaceAll(record.id, 'ID')
      .replaceAll(record.id.slice(0, 12), 'SHORT')
      .replaceAll(record.name, 'NAME');
  };

  it("takes docker's own body, every field at its default", async () => {
    const entry = await create({}, {});
    expect(entry.record.argv).to.deep.equal(['true']);
    expect(entry.record.hostConfig.NetworkMode).to.equal('bridge');
  });

  it('knows every field of the API, and no others', () => {
    expect(Object.keys(CONFIG_FIELDS).toSorted()).to.deep.equal(Object.keys(OTHER_CONFIG).toSorted());
    // Two that older versions of the API had.
    const old = ['Capabilities', 'KernelMemory'];
    const known = Object.keys(HOST_CONFIG_FIELDS).filter((field) => !old.includes(field));
    expect(known.toSorted()).to.deep.equal(Object.keys(OTHER_HOST_CONFIG).toSorted());
  });

  const cases = [
    ...Object.entries(OTHER_CONFIG).map(([field, value]) => ({
      where: 'Config',
      field,
      value,
      rule: CONFIG_FIELDS[field],
    })),
    ...Object.entries(OTHER_HOST_CONFIG).map(([field, value]) => ({
      where: 'HostConfig',
      field,
      value,
      rule: HOST_CONFIG_FIELDS[field],
    })),
  ];
  for (const { where, field, value, rule } of cases) {
    const inConfig = where === 'Config';
    const changed = (base: { config?: object; host?: object } = {}): Promise<ContainerEntry> =>
      create(
        { ...base.config, ...(inConfig ? { [field]: value } : {}) },
        { ...base.host, ...(inConfig ? {} : { [field]: value }) },
      );
    if (REFUSED[field] !== undefined) {
      it(`${where}.${field} is refused in docker's words`, async () => {
        const error = await refusal(changed());
        expect(error.kind).to.equal('invalidParameter');
        expect(error.message).to.equal(REFUSED[field]);
      });
    } else if (rule !== 'built') {
      it(`${where}.${field} answers 501 by its name`, async () => {
        const error = await refusal(changed());
        expect(error.kind).to.equal('notImplemented');
        expect(error.message).to.equal(`${where}.${field} is not implemented yet`);
        expect(context.registry.all()).to.deep.equal([]);
      });
    } else if (DISCARDED[field] !== undefined) {
      it(`${where}.${field} is left out with a warning`, async () => {
        const body = bodyWith({}, { [field]: value });
        const { entry, warnings } = await createContainer(context, { name: '', platform: '', body });
        expect(warnings).to.have.length(1);
        expect(warnings[0]).to.match(DISCARDED[field] ?? /^$/);
        expect((entry.record.hostConfig as Record<string, unknown>)[field]).to.equal(null);
      });
    } else if (SEEN_ELSEWHERE.has(field)) {
      it(`${where}.${field} is kept`, async () => {
        const { record } = await changed();
        const kept: Record<string, unknown> = inConfig ? record.config : record.hostConfig;
        expect(kept[field]).to.deep.equal(value);
      });
    } else {
      it(`${where}.${field} has an effect`, async () => {
        const base = TOGETHER_WITH[field] ?? {};
        await create({}, { Binds: ['shared:/shared'] }, 'other'); // For VolumesFrom.
        const before = await setup(await create(base.config ?? {}, base.host ?? {}));
        expect(await setup(await changed(base))).not.to.equal(before);
      });
    }
  }

  it('answers 501 for fields that the API does not have, unless they are empty', async () => {
    expect((await refusal(create({}, { Wings: 2 }))).message).to.equal(
      'HostConfig.Wings is not implemented yet',
    );
    expect((await refusal(create({ Colour: 'red' }, {}))).message).to.equal(
      'Config.Colour is not implemented yet',
    );
    await create({ Colour: '' }, { Wings: null });
  });

  it('judges the fields of endpoints too', async () => {
    const endpoint = { ...emptyEndpoint(), IPAMConfig: { LinkLocalIPs: ['169.254.1.1'] } };
    const error = await refusal(create({ NetworkingConfig: { EndpointsConfig: { bridge: endpoint } } }, {}));
    expect(error.message).to.equal(
      'NetworkingConfig.EndpointsConfig.bridge.IPAMConfig.LinkLocalIPs is not implemented yet',
    );
  });

  it("refuses paths of the user's computer where there is no way to it", async () => {
    const binds = ['/home/me:/x', 'C:\\Users\\me:/x:ro', './here:/x', '~/x:/y'];
    for (const bind of binds) {
      const error = await refusal(create({}, { Binds: [bind] }));
      expect(error.kind).to.equal('invalidParameter');
      expect(error.message).to.match(/path on your computer/);
    }
    const mount = { Type: 'bind', Source: '/home/me', Target: '/x' };
    expect((await refusal(create({}, { Mounts: [mount] }))).message).to.include('"/home/me"');
  });

  it('finds out before the start what cannot be', async () => {
    const wrong: [object, object, RegExp][] = [
      [{}, { Memory: 1024 }, /Minimum memory limit allowed is 6MB/],
      [{}, { CapAdd: ['NOPE'] }, /^invalid CapAdd: unknown capability: "CAP_NOPE"$/],
      [{}, { CapDrop: ['nope'] }, /^invalid CapDrop: unknown capability: "CAP_NOPE"$/],
      [{}, { SecurityOpt: ['nope'] }, /^invalid --security-opt 1: "nope"$/],
      [{}, { SecurityOpt: ['nope=1'] }, /^invalid --security-opt 2: "nope=1"$/],
      [{}, { SecurityOpt: ['seccomp={"syscalls":3}'] }, /^Decoding seccomp profile failed: syscalls: /],
      [{}, { SecurityOpt: ['seccomp=/no/json'] }, /^Decoding seccomp profile failed: /],
      [{}, { DeviceCgroupRules: ['c 1:3'] }, /^invalid device cgroup rule format: 'c 1:3'$/],
      [{}, { Ulimits: [{ Name: 'nope', Soft: 1, Hard: 1 }] }, /invalid ulimit type/],
      [{}, { Tmpfs: { relative: '' } }, /must be absolute/],
      [{}, { Tmpfs: { '/t': 'lowerdir=/' } }, /invalid tmpfs option/],
      [{ WorkingDir: 'relative' }, {}, /absolute path/],
      [{ StopSignal: 'NOPE' }, {}, /invalid signal/],
      [
        { Healthcheck: { Test: ['CMD', 'x'], Interval: 10 } },
        {},
        /Interval in Healthcheck cannot be less than 1ms/,
      ],
      [{ Healthcheck: { Retries: -1 } }, {}, /Retries in Healthcheck cannot be negative/],
      [{ Cmd: [] }, {}, /no command specified/],
      [{}, { IpcMode: 'ours' }, /^invalid IPC mode: ours$/],
      [{}, { PidMode: 'container:' }, /^invalid PID mode: container:$/],
      [{}, { UTSMode: 'private' }, /^invalid UTS mode: private$/],
      [{ Hostname: 'box' }, { UTSMode: 'host' }, /^conflicting options: hostname and the UTS mode$/],
      [{}, { CgroupnsMode: 'ours' }, /^invalid cgroup namespace mode: ours$/],
      [{}, { StorageOpt: { inodes: '5' } }, /^unknown option inodes$/],
      [{}, { StorageOpt: { size: 'much' } }, /^invalid size: 'much'$/],
      [{}, { OomScoreAdj: 2000 }, /range for oom score adj/],
      [{}, { ExtraHosts: ['db=nowhere'] }, /invalid IP address in add-host: "nowhere"/],
      [{}, { Dns: ['dns.example'] }, /dns.example is not an ip address/],
      [
        {},
        { Sysctls: { 'kernel.panic': '1' } },
        /^sysctl "kernel.panic" is not in a separate kernel namespace$/,
      ],
      [{}, { Sysctls: { 'vm/swappiness': '1' } }, /^sysctl "vm.swappiness" is not in a separate/],
      [{}, { Sysctls: { 'kernel.shmmax': '1' }, IpcMode: 'host' }, /not allowed in the hosts ipc namespace$/],
      [{}, { Sysctls: { 'net.x': '1' }, NetworkMode: 'host' }, /not allowed in host network namespace$/],
    ];
    for (const [config, host, message] of wrong) {
      const error = await refusal(create(config, host));
      expect(error.kind).to.equal('invalidParameter');
      expect(error.message).to.match(message);
    }
  });
});
