import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  blockIoFiles,
  cpuWeight,
  ioWeight,
  limitFiles,
} from '../../../../src/engine/containers/limits/cgroup-files.ts';
import { parseCpuset } from '../../../../src/engine/containers/limits/cpuset.ts';
import { settleLimits } from '../../../../src/engine/containers/limits/settle.ts';
import type { ContainersContext } from '../../../../src/engine/containers/context.ts';
import type { ContainerEntry } from '../../../../src/engine/containers/registry.ts';
import { updateContainer } from '../../../../src/engine/containers/update-container.ts';
import { hostConfig } from '../../../../src/protocol/docker/container-config.ts';
import type { HostConfig } from '../../../../src/protocol/docker/container-config.ts';

const MIB = 2 ** 20;
const host = (limits: Partial<HostConfig> = {}): HostConfig => ({ ...hostConfig.parse({}), ...limits });

describe('limits of a container', () => {
  it("are refused in moby's words where they contradict each other", () => {
    const cpus = availableParallelism();
    const wrong: [Partial<HostConfig>, string | RegExp][] = [
      [{ Memory: 1000 }, 'Minimum memory limit allowed is 6MB'],
      [{ Memory: 64 * MIB, MemorySwap: 32 * MIB }, /^Minimum memoryswap limit should be larger/],
      [{ MemorySwap: 64 * MIB }, /^You should always set the Memory limit/],
      [{ MemoryReservation: MIB }, 'Minimum memory reservation allowed is 6MB'],
      [{ Memory: 32 * MIB, MemoryReservation: 64 * MIB }, /can not be less than memory reservation/],
      [{ NanoCpus: 1e9, CpuQuota: 5000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
      [
        { NanoCpus: 1e9, CpuPeriod: 5000 },
        'Conflicting options: Nano CPUs and CPU Period cannot both be set',
      ],
      [{ NanoCpus: -1 }, /^range of CPUs is from 0.01 to/],
      [
        { NanoCpus: (cpus + 1) * 1e9 },
        `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
      ],
      [{ CpuQuota: 10 }, /^CPU cfs quota can not be less than 1ms/],
      [{ CpuPeriod: 10 }, /^CPU cfs period can not be less than 1ms/],
      [{ CpusetCpus: `0,${cpus}` }, /^Requested CPUs are not available - requested 0,\d+, available: 0/],
      [{ CpusetMems: '0-1' }, 'Requested memory nodes are not available - requested 0-1, available: 0'],
      [{ CpusetCpus: '2-1' }, 'Invalid value 2-1 for cpuset cpus: invalid format: 2-1'],
      [{ BlkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
      [{ BlkioWeightDevice: [{ Path: '/dev/x', Weight: 1001 }] }, /^Range of blkio weight/],
    ];
    for (const [limits, message] of wrong) {
      // chai looks for a string anywhere in the message; every one here is whole.
      expect(() => settleLimits(host(limits)), JSON.stringify(limits)).to.throw(message);
    }
    expect(parseCpuset('0-2,5')).to.deep.equal([0, 1, 2, 5]);
    const fine = host({
      Memory: 64 * MIB,
      MemorySwap: 64 * MIB,
      CpuQuota: -1,
      CpusetCpus: '0',
      CpusetMems: '0',
    });
    expect(settleLimits(fine)).to.deep.equal({ limits: fine, warnings: [] });
    // Docker's client says -1 for "leave it".
    expect(settleLimits(host({ MemorySwappiness: -1, OomKillDisable: false })).warnings).to.deep.equal([]);
  });

  it('are written as the kernel takes them', () => {
    const values = (limits: Partial<HostConfig>): Record<string, string> =>
      Object.fromEntries(limitFiles(host(limits)).map(({ file, value }) => [file, value]));
    expect(values({})).to.deep.equal({
      'memory.max': 'max',
      'memory.swap.max': 'max',
      'memory.low': '0',
      'cpu.max': 'max 100000',
      'cpu.weight': '100',
      'cpuset.cpus': '',
      'cpuset.mems': '',
      'pids.max': 'max',
    });
    expect(values({ Memory: 32 * MIB, NanoCpus: 5e8, PidsLimit: 7 })).to.include({
      'memory.max': String(32 * MIB),
      'memory.swap.max': String(32 * MIB),
      'cpu.max': '50000 100000',
      'pids.max': '7',
    });
    expect(values({ Memory: 32 * MIB, MemorySwap: 32 * MIB })['memory.swap.max']).to.equal('0');
    expect(values({ Memory: 32 * MIB, MemorySwap: -1, CpuQuota: -1 })).to.include({
      'memory.swap.max': 'max',
      'cpu.max': 'max 100000',
    });
    expect(values({ CpuQuota: 5000, CpuPeriod: 10_000 })['cpu.max']).to.equal('5000 10000');
    expect([2, 512, 1024, 262_144, 1e9].map(cpuWeight)).to.deep.equal([1, 20, 39, 10_000, 10_000]);
    expect([10, 500, 1000].map(ioWeight)).to.deep.equal([1, 4950, 10_000]);
    expect(blockIoFiles(host({ BlkioWeight: 10 }))).to.deep.equal([
      { file: 'io.weight', value: 'default 1' },
    ]);
    expect(blockIoFiles(host())).to.deep.equal([]);
    expect(() => blockIoFiles(host({ BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 1 }] }))).to.throw(
      '/dev/null is no block device of the machine',
    );
  });
});

describe('updating a container', () => {
  const id = 'd'.repeat(64);
  let directory: string;
  let cgroup: string;
  let entry: ContainerEntry;
  let context: ContainersContext;
  let saved: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-update-'));
    cgroup = join(directory, 'wherry', id);
    mkdirSync(cgroup, { recursive: true });
    saved = 0;
    entry = {
      id,
      state: { status: 'running' },
      record: { id, name: 'box', hostConfig: host(), config: { Labels: {}, Image: 'x' } },
      removing: false,
      exclusively: async (work: () => Promise<unknown>) => work(),
    } as unknown as ContainerEntry;
    context = {
      config: { cgroupRoot: directory, cgroupParent: '/wherry' },
      layout: { containers: directory },
      store: { save: async () => void (saved += 1) },
      events: { publish: () => undefined },
    } as unknown as ContainersContext;
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const update = async (body: object): Promise<string> =>
    updateContainer(context, entry, body).then(
      (warnings) => warnings.join('\n'),
      (error: Error) => error.message,
    );
  const written = (): Record<string, string> =>
    Object.fromEntries(readdirSync(cgroup).map((file) => [file, readFileSync(join(cgroup, file), 'utf8')]));

  it('writes only what changes, and keeps it', async () => {
    expect(await update({ Memory: 64 * MIB, MemorySwap: 128 * MIB, PidsLimit: 9, CpuShares: 0 })).to.equal(
      '',
    );
    expect(written()).to.deep.equal({
      'memory.max': `${64 * MIB}\n`,
      'memory.swap.max': `${64 * MIB}\n`,
      'pids.max': '9\n',
    });
    expect(entry.record.hostConfig).to.include({ Memory: 64 * MIB, MemorySwap: 128 * MIB, PidsLimit: 9 });
    await update({ PidsLimit: -1, CpusetCpus: '0' });
    expect(written()).to.include({ 'pids.max': 'max\n', 'cpuset.cpus': '0\n' });
    expect(saved).to.equal(2);
  });

  it('changes only the record of one that does not run', async () => {
    (entry as unknown as { state: object }).state = { status: 'exited' };
    await update({ NanoCpus: 5e8 });
    expect(written()).to.deep.equal({});
    expect(entry.record.hostConfig.NanoCpus).to.equal(5e8);
  });

  it('weighs I/O only once somebody asks for it', async () => {
    await update({ BlkioWeight: 500 });
    expect(written()).to.deep.equal({ 'io.weight': 'default 4950\n' });
    expect(readFileSync(join(directory, 'io.cost.qos'), 'utf8')).to.match(/^\d+:\d+ enable=1\n$/);
  });

  it("refuses what contradicts what is set, in moby's words, and changes nothing then", async () => {
    const refusal = (reason: string): string => `Cannot update container ${id}: ${reason}`;
    const swap = 'update the memoryswap at the same time';
    expect(await update({ Memory: 64 * MIB })).to.equal(
      refusal(`Memory limit should be smaller than already set memoryswap limit, ${swap}`),
    );
    entry.record.hostConfig = host({ NanoCpus: 1e9, Memory: 64 * MIB });
    expect(await update({ CpuQuota: 5000 })).to.equal(
      refusal('Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set'),
    );
    expect(await update({ MemorySwap: 32 * MIB })).to.match(/Minimum memoryswap limit should be larger/);
    expect(await update({ Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 1 }] })).to.equal(
      'UpdateConfig.Ulimits is not implemented yet',
    );
    expect(await update({ CpuRealtimeRuntime: 1 })).to.match(/real-time/);
    expect(await update({ OomKillDisable: true })).to.match(/^Your kernel does not support OomKillDisable/);
    expect(written()).to.deep.equal({});
    // Half of the memory that was twice as much with swap: that stays.
    await update({ Memory: 32 * MIB });
    expect(entry.record.hostConfig.MemorySwap).to.equal(128 * MIB);
  });

  it('puts back what it wrote when the kernel refuses the rest', async () => {
    entry.record.hostConfig = host({ CpuShares: 1024 });
    mkdirSync(join(cgroup, 'pids.max')); // Can't be written to.
    writeFileSync(join(cgroup, 'cpu.weight'), '39\n');
    expect(await update({ CpuShares: 512, PidsLimit: 5 })).to.match(
      /the kernel refuses "5" for pids.max: EISDIR/,
    );
    expect(readFileSync(join(cgroup, 'cpu.weight'), 'utf8')).to.equal('39\n');
    expect(entry.record.hostConfig).to.include({ CpuShares: 1024, PidsLimit: 0 });
    expect(saved).to.equal(0);
  });
});
