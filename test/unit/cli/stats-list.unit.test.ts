import { expect } from 'chai';
import { renderList } from '../../../src/cli/render/format.ts';
import { STATS_LIST, cpuPercent, statsRow } from '../../../src/cli/render/stats-list.ts';
import type { ContainerStats, CpuStats } from '../../../src/protocol/docker/stats.ts';

const cpu = (used: number, system: number): CpuStats => ({
  cpu_usage: { total_usage: used, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  system_cpu_usage: system,
  online_cpus: 2,
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
});

const sample = {
  name: '/tr1',
  id: 'e9a069ac11a85a96316fe9c461abf2d5',
  pids_stats: { current: 1, limit: 50 },
  blkio_stats: {
    io_service_bytes_recursive: [
      { major: 254, minor: 16, op: 'read', value: 1_500_000 },
      { major: 254, minor: 16, op: 'write', value: 4096 },
    ],
  },
  cpu_stats: cpu(1_500, 10_000),
  precpu_stats: cpu(500, 8_000),
  memory_stats: { usage: 700 * 1024, limit: 64 * 2 ** 20, stats: { inactive_file: 52 * 1024 } },
  networks: { eth0: { rx_bytes: 1000, tx_bytes: 126 }, eth1: { rx_bytes: 90, tx_bytes: 0 } },
} as unknown as ContainerStats;

describe('wherry stats', () => {
  it("shows docker's columns", () => {
    expect(
      renderList([statsRow({ container: 'tr1', stats: sample }, true)], STATS_LIST, undefined),
    ).to.deep.equal([
      'CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O         BLOCK I/O       PIDS',
      'e9a069ac11a8   tr1       100.00%   648KiB / 64MiB      0.99%     1.09kB / 126B   1.5MB / 4.1kB   1',
    ]);
  });

  it("gives docker's JSON and templates, and dashes where there is no sample yet", () => {
    const row = statsRow({ container: 'tr1', stats: undefined }, true);
    expect(
      renderList([row], STATS_LIST, '{{.Container}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}'),
    ).to.deep.equal(['tr1 -- -- / -- --']);
    const keys = Object.keys(statsRow({ container: 'tr1', stats: sample }, false));
    expect(keys).to.deep.equal(keys.toSorted());
    expect(statsRow({ container: 'tr1', stats: sample }, false)['ID']).to.equal(sample.id);
  });

  it('counts no CPU for a first sample of nothing', () => {
    expect(cpuPercent({ ...sample, cpu_stats: cpu(0, 0), precpu_stats: cpu(0, 0) })).to.equal(0);
  });
});
