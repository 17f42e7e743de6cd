import { expect } from 'chai';
import { readEngineOptions } from '../../../src/cli/flags/engine-options.ts';
import { isolationFields } from '../../../src/cli/flags/isolation.ts';

describe('machine create --engine-opt', () => {
  it('reads what the engine knows, and tells what it does not', () => {
    expect(readEngineOptions([])).to.deep.equal({ options: {}, ignored: [] });
    expect(readEngineOptions(['userns=auto', 'dns=8.8.8.8'])).to.deep.equal({
      options: { userns: 'auto' },
      ignored: ['dns=8.8.8.8'],
    });
    expect(readEngineOptions(['userns=auto', 'userns=host']).options).to.deep.equal({ userns: undefined });
    expect(readEngineOptions(['host-access=off', 'userns=auto']).options).to.deep.equal({
      hostAccess: false,
      userns: 'auto',
    });
    expect(readEngineOptions(['host-access=off', 'host-access=on']).options).to.deep.equal({
      hostAccess: undefined,
    });
    expect(() => readEngineOptions(['host-access=no'])).to.throw(
      'invalid argument "host-access=no" for "--engine-opt" flag: host-access must be on or off',
    );
    expect(() => readEngineOptions(['userns=mine'])).to.throw(
      'invalid argument "userns=mine" for "--engine-opt" flag: userns must be auto or host',
    );
  });
});

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
        userns: 'auto',
        'shm-size': '128m',
      }),
    ).to.deep.equal({
      config: { Domainname: 'example.org' },
      host: {
        PidMode: 'container:a',
        IpcMode: 'shareable',
        UTSMode: 'host',
        CgroupnsMode: 'private',
        UsernsMode: 'auto',
        ShmSize: 128 * 1024 * 1024,
      },
    });
  });

  it("are refused in docker's words", () => {
    expect(() => isolationFields({ pid: 'container:' })).to.throw(/^--pid: invalid PID mode$/);
    expect(() => isolationFields({ uts: 'own' })).to.throw(/^--uts: invalid UTS mode$/);
    expect(() => isolationFields({ cgroupns: 'own' })).to.throw(/^--cgroupns: invalid CGROUP mode$/);
    expect(() => isolationFields({ userns: 'keep-id' })).to.throw(/^--userns: invalid USER mode$/);
    expect(() => isolationFields({ 'shm-size': 'big' })).to.throw(
      'invalid argument "big" for "--shm-size" flag: invalid size: \'big\'',
    );
  });
});
