import { expect } from 'chai';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { statsHandler } from '../../../../src/engine/api/containers/stats.ts';
import type { ApiRequest, ApiResponse } from '../../../../src/engine/api/route.ts';
import type { ContainersContext } from '../../../../src/engine/containers/context.ts';
import {
  blkioEntries,
  cpuStats,
  memoryStats,
  networkStats,
  systemCpu,
} from '../../../../src/engine/containers/stats/parse.ts';
import type { ContainerStats } from '../../../../src/protocol/docker/stats.ts';

const GIB = 2 ** 30;

describe('stats of a container', () => {
  it("come from the kernel's files in Docker's units", () => {
    const cpu =
      'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 9\nnr_throttled 2\nthrottled_usec 7\n';
    expect(cpuStats(cpu, { nanoseconds: 5, cpus: 2 })).to.deep.equal({
      cpu_usage: { total_usage: 1_500_000, usage_in_kernelmode: 500_000, usage_in_usermode: 1_000_000 },
      system_cpu_usage: 5,
      online_cpus: 2,
      throttling_data: { periods: 9, throttled_periods: 2, throttled_time: 7000 },
    });
    // user to steal, and not the guest's time, which user holds already.
    const stat = 'cpu  1 2 3 4 5 6 7 8 100 100\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n';
    expect(systemCpu(stat)).to.deep.equal({ nanoseconds: 36e7, cpus: 2 });
    expect(
      blkioEntries('254:16 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n254:0\n'),
    ).to.deep.equal([
      { major: 254, minor: 16, op: 'read', value: 4096 },
      { major: 254, minor: 16, op: 'write', value: 8192 },
    ]);
  });

  it("have the machine's memory for a limit where there is none", () => {
    const files = {
      current: '4096\n',
      max: 'max\n',
      stat: 'anon 100\ninactive_file 5\n',
      events: 'oom 0\noom_kill 0\n',
    };
    expect(memoryStats(files, 2 * GIB)).to.deep.equal({
      usage: 4096,
      stats: { anon: 100, inactive_file: 5 },
      limit: 2 * GIB,
    });
    expect(memoryStats({ ...files, max: String(GIB), events: 'oom 3\n' }, 2 * GIB)).to.include({
      limit: GIB,
      failcnt: 3,
    });
    expect(memoryStats({ ...files, max: String(9 * GIB) }, 2 * GIB).limit).to.equal(2 * GIB);
  });

  it('count every interface but the loopback', () => {
    const head =
      'Inter-|   Receive                            |  Transmit\n face |bytes packets errs drop|bytes packets\n';
    const lo =
      '    lo:     100       1    0    0    0     0          0         0      100       1    0    0 0 0 0 0\n';
    const eth =
      '  eth0:    1090      11    1    2    0     0          0         0      126       3    4    5 0 0 0 0\n';
    expect(networkStats(head + lo)).to.equal(undefined);
    expect(networkStats(head + lo + eth)).to.deep.equal({
      eth0: {
        rx_bytes: 1090,
        rx_packets: 11,
        rx_errors: 1,
        rx_dropped: 2,
        tx_bytes: 126,
        tx_packets: 3,
        tx_errors: 4,
        tx_dropped: 5,
      },
    });
  });
});

describe('GET /containers/{id}/stats', () => {
  const id = 'c'.repeat(64);
  let directory: string;
  let entry: { id: string; state: object; record: object };
  let context: ContainersContext;
  let there: boolean;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-stats-'));
    const cgroup = join(directory, 'wherry', id);
    mkdirSync(cgroup, { recursive: true });
    writeFileSync(join(cgroup, 'pids.current'), '3\n');
    writeFileSync(join(cgroup, 'pids.max'), '50\n');
    writeFileSync(join(cgroup, 'cpu.stat'), 'usage_usec 7\n');
    there = true;
    entry = {
      id,
      state: { status: 'running', process: { pid: process.pid } },
      record: { name: 'box', hostConfig: { NetworkMode: 'host' } },
    };
    context = {
      config: { cgroupRoot: directory, cgroupParent: '/wherry' },
      registry: { find: () => entry, byId: () => (there ? entry : undefined) },
    } as unknown as ContainersContext;
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const ask = (query: string, signal: AbortSignal, stream = new PassThrough()) => {
    const answers: unknown[] = [];
    const handled = statsHandler(context)(
      { params: { id }, query: new URLSearchParams(query), signal } as unknown as ApiRequest,
      {
        json: (_status: number, body: unknown) => answers.push(body),
        stream: () => stream,
      } as unknown as ApiResponse,
    );
    return { handled: Promise.resolve(handled), answers: answers as ContainerStats[], stream };
  };
  const forever = new AbortController().signal;

  it('answers one sample at once with one-shot, and a compared one without', async () => {
    const one = ask('stream=false&one-shot=1', forever);
    await one.handled;
    expect(one.answers[0]).to.deep.include({ name: '/box', id, pids_stats: { current: 3, limit: 50 } });
    expect(one.answers[0]?.precpu_stats.cpu_usage.total_usage).to.equal(0);
    expect(one.answers[0]).not.to.have.property('networks');
    const two = ask('stream=0', forever);
    await two.handled;
    expect(two.answers[0]?.preread).not.to.match(/^0001/);
    expect(two.answers[0]?.precpu_stats.cpu_usage.total_usage).to.equal(7000);
    const both = await ask('one-shot=1', forever).handled.catch(String);
    expect(both).to.match(/cannot have stream=true and one-shot=true/);
  });

  it('answers zeros under the name of a container that does not run', async () => {
    entry.state = { status: 'exited' };
    const { handled, answers } = ask('stream=false', forever);
    await handled;
    expect(answers[0]).to.deep.include({ name: '/box', read: '0001-01-01T00:00:00Z', memory_stats: {} });
  });

  it('ends its timer with the client, and its stream with the container', async () => {
    const client = new AbortController();
    const gone = ask('', client.signal);
    await once(gone.stream, 'data');
    client.abort();
    await gone.handled;
    const removed = ask('stream=1', forever);
    await once(removed.stream, 'data');
    there = false;
    removed.stream.resume();
    await removed.handled;
    expect(removed.stream.writableEnded).to.equal(true);
  });

  it('keeps no samples for a client that reads none', async () => {
    const stalled = new PassThrough({ highWaterMark: 1 });
    const client = new AbortController();
    const { handled } = ask('', client.signal, stalled);
    const size = stalled.writableLength + stalled.readableLength;
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(stalled.writableLength + stalled.readableLength).to.equal(size);
    client.abort();
    await handled;
  });
});
