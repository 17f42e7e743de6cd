import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseDevice } from '../../../src/cli/flags/device.ts';
import { parseGpus } from '../../../src/cli/flags/gpus.ts';
import { securityFields } from '../../../src/cli/flags/security.ts';

describe('flags of what a container may do', () => {
  it('are sent as they are, and only where they were given', () => {
    expect(securityFields({ privileged: false })).to.deep.equal({});
    expect(
      securityFields({
        privileged: true,
        'cap-add': ['NET_ADMIN'],
        'cap-drop': ['ALL'],
        'group-add': ['video'],
        'security-opt': ['no-new-privileges', 'label=disable', 'seccomp=unconfined'],
        'device-cgroup-rule': ['c 1:* rw'],
      }),
    ).to.deep.equal({
      Privileged: true,
      CapAdd: ['NET_ADMIN'],
      CapDrop: ['ALL'],
      GroupAdd: ['video'],
      SecurityOpt: ['no-new-privileges', 'label=disable', 'seccomp=unconfined'],
      DeviceCgroupRules: ['c 1:* rw'],
    });
  });

  it('open the system paths by empty lists', () => {
    expect(securityFields({ 'security-opt': ['systempaths=unconfined'] })).to.deep.equal({
      MaskedPaths: [],
      ReadonlyPaths: [],
    });
  });

  it("send a seccomp profile's content, not its name", () => {
    const directory = mkdtempSync(join(tmpdir(), 'wherry-seccomp-'));
    try {
      const [good, bad] = [join(directory, 'good.json'), join(directory, 'bad.json')];
      writeFileSync(good, '{\n  "defaultAction": "SCMP_ACT_ALLOW"\n}\n');
      writeFileSync(bad, 'nonsense');
      expect(securityFields({ 'security-opt': [`seccomp=${good}`] })).to.deep.equal({
        SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'],
      });
      expect(() => securityFields({ 'security-opt': [`seccomp=${bad}`] })).to.throw(
        `compacting json for seccomp profile (${bad}) failed: `,
      );
      expect(() => securityFields({ 'security-opt': ['seccomp=/no/such'] })).to.throw(
        'opening seccomp profile (/no/such) failed: ',
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("are refused in docker's words", () => {
    for (const option of ['nonsense', 'label=', 'seccomp:']) {
      expect(() => securityFields({ 'security-opt': [option] })).to.throw(
        `Invalid --security-opt: "${option}"`,
      );
    }
    expect(() => securityFields({ 'device-cgroup-rule': ['x'] })).to.throw(
      'invalid argument "x" for "--device-cgroup-rule" flag: invalid device cgroup format \'x\'',
    );
  });

  it('name devices', () => {
    const mapping = (PathOnHost: string, PathInContainer: string, CgroupPermissions: string) => ({
      PathOnHost,
      PathInContainer,
      CgroupPermissions,
    });
    expect(parseDevice('/dev/fuse')).to.deep.equal(mapping('/dev/fuse', '/dev/fuse', 'rwm'));
    expect(parseDevice('/dev/fuse:r')).to.deep.equal(mapping('/dev/fuse', '/dev/fuse', 'r'));
    expect(parseDevice('/dev/fuse:/dev/x')).to.deep.equal(mapping('/dev/fuse', '/dev/x', 'rwm'));
    expect(parseDevice('/dev/fuse:/dev/x:mw')).to.deep.equal(mapping('/dev/fuse', '/dev/x', 'mw'));
    const wrong: [string, string][] = [
      ['fuse', 'fuse is not an absolute path'],
      ['/dev/fuse:x', 'x is not an absolute path'],
      ['/dev/fuse:/dev/x:rr', 'bad mode specified: rr'],
      ['/a:/b:r:w', 'bad format for path: /a:/b:r:w'],
    ];
    for (const [text, reason] of wrong) expect(() => parseDevice(text), text).to.throw(reason);
  });

  it('ask for GPUs as docker does', () => {
    const request = { Driver: '', DeviceIDs: null, Capabilities: [['gpu']], Options: {} };
    expect(parseGpus('all')).to.deep.equal({ ...request, Count: -1 });
    expect(parseGpus('2')).to.deep.equal({ ...request, Count: 2 });
    expect(parseGpus('driver=nvidia,count=1,capabilities=utility')).to.deep.equal({
      ...request,
      Driver: 'nvidia',
      Count: 1,
      Capabilities: [['gpu', 'utility']],
    });
    expect(parseGpus('device=0')).to.deep.equal({ ...request, Count: 0, DeviceIDs: ['0'] });
    expect(() => parseGpus('some')).to.throw(
      'invalid count (some): value must be either "all" or an integer',
    );
    expect(() => parseGpus('wings=2')).to.throw("unexpected key 'wings' in 'wings=2'");
  });
});
