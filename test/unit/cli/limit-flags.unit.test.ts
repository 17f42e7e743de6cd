import { expect } from 'chai';
import { kernelFields } from '../../../src/cli/flags/kernel-settings.ts';
import { createLimitFields, limitFields } from '../../../src/cli/flags/limits.ts';

describe('flags for limits', () => {
  it('say only what was given', () => {
    expect(createLimitFields({})).to.deep.equal({});
    expect(kernelFields({})).to.deep.equal({});
    expect(limitFields({ memory: '64m', 'memory-swap': '-1', cpus: '.5', 'pids-limit': -1 })).to.deep.equal({
      Memory: 64 * 2 ** 20,
      MemorySwap: -1,
      NanoCpus: 5e8,
      PidsLimit: -1,
    });
    expect(
      createLimitFields({
        'device-read-bps': ['/dev/vdb:1mb'],
        'device-write-iops': ['/dev/vdb:10', '/dev/vdc:0'],
        'blkio-weight-device': ['/dev/vdb:200'],
        'oom-kill-disable': true,
      }),
    ).to.deep.equal({
      BlkioDeviceReadBps: [{ Path: '/dev/vdb', Rate: 2 ** 20 }],
      BlkioDeviceWriteIOps: [
        { Path: '/dev/vdb', Rate: 10 },
        { Path: '/dev/vdc', Rate: 0 },
      ],
      BlkioWeightDevice: [{ Path: '/dev/vdb', Weight: 200 }],
      OomKillDisable: true,
    });
    const ulimit = ['nofile=10', 'core=0:unlimited', 'nofile=20:30'];
    expect(kernelFields({ ulimit, sysctl: ['net.core.somaxconn=1=2'] })).to.deep.equal({
      Ulimits: [
        { Name: 'nofile', Soft: 20, Hard: 30 },
        { Name: 'core', Soft: 0, Hard: -1 },
      ],
      Sysctls: { 'net.core.somaxconn': '1=2' },
    });
  });

  it("are refused in docker's words", () => {
    const wrong: [() => unknown, RegExp][] = [
      [() => limitFields({ 'memory-reservation': 'x' }), /"x" for "--memory-reservation" flag: invalid size/],
      [() => limitFields({ cpus: 'two' }), /failed to parse two as a rational number/],
      [() => createLimitFields({ 'device-read-bps': ['vdb:1'] }), /bad format for device path: vdb:1/],
      [() => createLimitFields({ 'device-read-bps': ['/dev/vdb'] }), /bad format: \/dev\/vdb/],
      [
        () => createLimitFields({ 'device-write-bps': ['/dev/vdb:x'] }),
        /Unit is optional and can be kb, mb, or gb/,
      ],
      [
        () => createLimitFields({ 'device-read-iops': ['/dev/vdb:1k'] }),
        /Number must be a positive integer$/,
      ],
      [() => createLimitFields({ 'blkio-weight-device': ['/dev/vdb:5'] }), /invalid weight for device/],
      [() => kernelFields({ ulimit: ['nofile'] }), /invalid ulimit argument: nofile/],
      [() => kernelFields({ ulimit: ['files=1'] }), /invalid ulimit type: files/],
      [() => kernelFields({ ulimit: ['nofile=3:2'] }), /must be less than or equal to hard limit: 3 > 2/],
      [() => kernelFields({ ulimit: ['nofile=1:2:3'] }), /too many limit values/],
      [() => kernelFields({ ulimit: ['nofile=many'] }), /invalid syntax/],
      [() => kernelFields({ sysctl: ['kernel.panic=1'] }), /sysctl 'kernel.panic=1' is not allowed/],
      [() => kernelFields({ sysctl: ['net.core.somaxconn'] }), /is not allowed/],
    ];
    for (const [work, reason] of wrong) expect(work, String(work)).to.throw(reason);
  });
});
