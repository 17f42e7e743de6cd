import { expect } from 'chai';
import { isolationFields } from '../../../src/cli/flags/isolation.ts';

describe("flags of a container's isolation", () => {
  it('are sent as they are, and only where they were given', () => {
    expect(isolationFields({})).to.deep.equal({ config: {}, host: {} });
    expect(
      isolationFields({
        domainname: 'example.org',
        pid: 'container:a',
        ipc: 'shareable',
        uts: 'host',
        cgroupns: 'private',
        'shm-size': '128m',
      }),
    ).to.deep.equal({
      config: { Domainname: 'example.org' },
      host: {
        PidMode: 'container:a',
        IpcMode: 'shareable',
        UTSMode: 'host',
        CgroupnsMode: 'private',
        ShmSize: 128 * 1024 * 1024,
      },
    });
  });

  it("are refused in docker's words", () => {
    expect(() => isolationFields({ pid: 'container:' })).to.throw(/^--pid: invalid PID mode$/);
    expect(() => isolationFields({ uts: 'own' })).to.throw(/^--uts: invalid UTS mode$/);
    expect(() => isolationFields({ cgroupns: 'own' })).to.throw(/^--cgroupns: invalid CGROUP mode$/);
    expect(() => isolationFields({ 'shm-size': 'big' })).to.throw(
      'invalid argument "big" for "--shm-size" flag: invalid size: \'big\'',
    );
  });
});
