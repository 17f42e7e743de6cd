import { expect } from 'chai';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/** What containers may do, and what they may not; the real conmon and crun. Linux, as root. */
describe('security of containers', () => {
  let sandbox: Sandbox;
  let client: Client;

  before(async () => ({ sandbox, client } = await engineInSandbox()));
  after(async () => sandbox?.close());

  /** Runs a script; its lines, of both streams, tabs as spaces. */
  const sh = async (script: string, host: object = {}, config: object = {}): Promise<string[]> => {
    const { stdout, start } = await client.run(['sh', '-c', `exec 2>&1; ${script}`], { host, config });
    expect(start.status, start.text).to.equal(204);
    return stdout
      .replaceAll(/[\t ]+/g, ' ')
      .trim()
      .split('\n');
  };
  const refused = async (host: object, config: object = {}): Promise<[number, string]> => {
    const body = { Image: 'busybox', Cmd: ['true'], ...config, HostConfig: { NetworkMode: 'none', ...host } };
    const created = await client.call('POST', '/containers/create', body);
    if (created.status !== 201) return [created.status, String(created.json['message'])];
    const id = String(created.json['Id']);
    const { status, json } = await client.call('POST', `/containers/${id}/start`);
    await client.call('DELETE', `/containers/${id}`);
    return [status, String(json['message'])];
  };
  const sleeper = async (host: object = {}, config: object = {}): Promise<string> => {
    const body = { Cmd: ['sleep', '1000'], ...config, HostConfig: { NetworkMode: 'none', ...host } };
    const id = await client.create(body);
    const answer = await client.call('POST', `/containers/${id}/start`);
    expect(answer.status, answer.text).to.equal(204);
    return id;
  };

  /** What the engine can give, as a mask. */
  const engineCapabilities = async (): Promise<string> =>
    (await sandbox.run('grep', 'CapBnd', '/proc/self/status')).slice(8).trim();

  const LIMITS =
    'grep -E "^(CapEff|CapBnd|Seccomp):" /proc/self/status; wc -c < /proc/keys; mount | grep -E " on /(proc/sys|sys|sys/fs/cgroup) " | cut -d"(" -f2 | cut -d, -f1; ';

  it('privileged: all capabilities and devices, no filter, nothing masked, a writable /sys', async () => {
    const script = `${LIMITS} test -c /dev/fuse && echo fuse; test -c /dev/loop-control && echo loop; mkdir /m && mount -t tmpfs x /m && echo mounted; mkdir /sys/fs/cgroup/own && echo cgroup; mknod /k c 10 237 && : < /k && echo opened`;
    const privileged = await sh(script, { Privileged: true });
    const [effective, bounding, filter, keys, ...rest] = privileged;
    expect(effective?.slice(8)).to.equal(await engineCapabilities());
    expect(bounding?.slice(8)).to.equal(effective?.slice(8));
    expect(filter).to.equal('Seccomp: 0');
    expect(Number(keys)).to.be.greaterThan(0);
    expect(rest).to.include.members(['rw', 'mounted', 'cgroup', 'opened']);
    expect(rest).not.to.include('ro');
    const plain = await sh(script);
    expect(plain.slice(0, 4)).to.deep.equal([
      'CapEff: 00000000a80425fb',
      'CapBnd: 00000000a80425fb',
      'Seccomp: 2',
      '0',
    ]);
    expect(plain.slice(4, 7)).to.deep.equal(['ro', 'ro', 'ro']);
    for (const word of ['mounted', 'cgroup', 'opened', 'fuse', 'loop']) expect(plain).not.to.include(word);
  });

  it('privileged: with the filter that was asked for by name', async () => {
    const script = 'grep -E "^Seccomp:" /proc/self/status';
    expect(await sh(script, { Privileged: true, SecurityOpt: ['seccomp=builtin'] })).to.deep.equal([
      'Seccomp: 2',
    ]);
  });

  it('inspect tells it', async () => {
    const id = await client.create({
      Cmd: ['true'],
      HostConfig: { Privileged: true, DeviceCgroupRules: ['c 1:* r'] },
    });
    const { json } = await client.call('GET', `/containers/${id}/json`);
    expect(json['HostConfig']).to.include({ Privileged: true, MaskedPaths: null, ReadonlyPaths: null });
    expect(json['HostConfig']).to.deep.include({ DeviceCgroupRules: ['c 1:* r'] });
    await client.call('DELETE', `/containers/${id}`);
  });

  it('exec --privileged: all capabilities for one command', async () => {
    const id = await sleeper({ CapDrop: ['ALL'] });
    const script = ['grep', 'CapEff', '/proc/self/status'];
    expect((await client.exec(id, script)).stdout).to.match(/\t0{16}\n/);
    const { stdout } = await client.exec(id, script, undefined, { Privileged: true });
    expect(stdout.trim().slice(8)).to.equal(await engineCapabilities());
    const other = await client.exec(id, script, undefined, { Privileged: true, User: '1000' });
    expect(other.stdout, 'not for other users, as after execve').to.match(/\t0{16}\n/);
    await client.call('DELETE', `/containers/${id}?force=1`);
  });

  it('capabilities: one more, one less, none, all but one, by either name', async () => {
    const caps = async (host: object) => (await sh('grep CapEff /proc/self/status', host))[0]?.slice(8);
    expect(await caps({ CapAdd: ['net_admin'] })).to.equal('00000000a80435fb');
    expect(await caps({ CapAdd: ['CAP_NET_ADMIN'], CapDrop: ['CHOWN'] })).to.equal('00000000a80435fa');
    expect(await caps({ CapDrop: ['all'] })).to.equal('0000000000000000');
    expect(await caps({ CapDrop: ['ALL'], CapAdd: ['CAP_CHOWN'] })).to.equal('0000000000000001');
    const all = BigInt(`0x${await engineCapabilities()}`);
    expect(BigInt(`0x${await caps({ CapAdd: ['ALL'], CapDrop: ['CHOWN'] })}`)).to.equal(all - 1n);
    expect(await refused({ CapAdd: ['FLY'] })).to.deep.equal([
      400,
      'invalid CapAdd: unknown capability: "CAP_FLY"',
    ]);
  });

  it('devices: those that were given, with the access that was given, and the rules bite', async () => {
    const open = 'true < /dev/x && echo read; true > /dev/x && echo written';
    const mapping = { PathOnHost: '/dev/fuse', PathInContainer: '/dev/x' };
    const given = await sh(`ls -l /dev/x; ${open}`, { Devices: [{ ...mapping, CgroupPermissions: 'r' }] });
    expect(given[0]).to.match(/^crw.* 10, 229 .* \/dev\/x$/);
    expect(given[1]).to.equal('read');
    expect(given[2]).to.match(/can't create \/dev\/x: Operation not permitted/);
    const whole = await sh(open, { Devices: [{ ...mapping, CgroupPermissions: 'rwm' }] });
    expect(whole).to.deep.equal(['read', 'written']);
    const own = `mknod /dev/x c 10 229 && echo made; ${open}`;
    const forbidden = await sh(own);
    expect(forbidden[0], 'mknod of anything is allowed by default').to.equal('made');
    expect(forbidden.slice(1).join('\n')).to.match(
      /open \/dev\/x: Operation not permitted\n.*create \/dev\/x: Operation/,
    );
    const byRule = await sh(own, { DeviceCgroupRules: ['c 10:* w'] });
    expect(byRule.slice(1).join('\n')).to.match(/open \/dev\/x: Operation not permitted\nwritten/);
  });

  it('devices: a directory of them, and what is none', async () => {
    await sandbox.run(
      'sh',
      '-c',
      'mkdir -p /dev/wherry-d/sub && mknod /dev/wherry-d/sub/k c 10 229 && touch /dev/wherry-d/plain',
    );
    try {
      const lines = await sh('ls -R /dev/d; : < /dev/d/sub/k && echo read', {
        Devices: [{ PathOnHost: '/dev/wherry-d', PathInContainer: '/dev/d', CgroupPermissions: 'rwm' }],
      });
      expect(lines).to.include.members(['sub', 'k', 'read']);
      expect(lines).not.to.include('plain');
      const gathering = 'error gathering device information while adding custom device';
      expect(
        await refused({ Devices: [{ PathOnHost: '/dev/nosuch', PathInContainer: '/dev/x' }] }),
      ).to.deep.equal([500, `${gathering} "/dev/nosuch": no such file or directory`]);
      expect(
        await refused({ Devices: [{ PathOnHost: '/dev/wherry-d/plain', PathInContainer: '/dev/x' }] }),
      ).to.deep.equal([500, `${gathering} "/dev/wherry-d/plain": not a device node`]);
    } finally {
      await sandbox.run('rm', '-r', '/dev/wherry-d');
    }
  });

  it('seccomp: unconfined, or a profile of the user', async () => {
    const status = 'grep ^Seccomp: /proc/self/status';
    expect(await sh(status, { SecurityOpt: ['seccomp=unconfined'] })).to.deep.equal(['Seccomp: 0']);
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [
        { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 28 },
        { names: ['rename'], action: 'SCMP_ACT_ERRNO', excludes: { caps: ['CAP_CHOWN'] } },
      ],
    };
    const lines = await sh(`${status}; mkdir /x`, { SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] });
    expect(lines).to.deep.equal([
      'Seccomp: 2',
      "mkdir: can't create directory '/x': No space left on device",
    ]);
  });

  it('no-new-privileges, writable-cgroups, and open system paths', async () => {
    const script =
      'grep NoNewPrivs /proc/self/status; mkdir /sys/fs/cgroup/own && echo made; wc -c < /proc/keys; mount | grep -c " on /proc/sys "';
    const lines = await sh(script, {
      SecurityOpt: ['no-new-privileges=true', 'writable-cgroups'],
      MaskedPaths: [],
      ReadonlyPaths: [],
    });
    expect(lines.slice(0, 2)).to.deep.equal(['NoNewPrivs: 1', 'made']);
    expect(Number(lines[2])).to.be.greaterThan(0);
    expect(lines[3]).to.equal('0');
  });

  it('AppArmor and SELinux: taken where they change nothing, and a profile that is not there is told', async () => {
    const warnings = async (...SecurityOpt: string[]): Promise<unknown> => {
      const { status, json } = await client.call('POST', '/containers/create', {
        Image: 'busybox',
        HostConfig: { SecurityOpt },
      });
      expect(status).to.equal(201);
      await client.call('DELETE', `/containers/${String(json['Id'])}`);
      return json['Warnings'];
    };
    expect(await warnings('apparmor=unconfined', 'label=disable', 'label=type:spc_t')).to.deep.equal([]);
    expect(await warnings('apparmor=mine')).to.deep.equal([
      'The VM does not have AppArmor profiles. The profile "mine" is discarded.',
    ]);
  });

  it("users and groups are the image's, never the machine's", async () => {
    expect(await sh('id', { GroupAdd: ['wheel', '77'] }, { User: 'worker' })).to.deep.equal([
      'uid=1000(worker) gid=1000(worker) groups=10(wheel),77,1000(worker)',
    ]);
    // A naive engine reads ROOTFS/etc/group: a link there leads out of the container.
    const config = { Image: 'astray' };
    expect(await refused({}, { ...config, User: 'machine' })).to.deep.equal([
      400,
      'unable to find user machine: no matching entries in passwd file',
    ]);
    expect(await refused({ GroupAdd: ['machine'] }, config)).to.deep.equal([
      400,
      'Unable to find group machine: no matching entries in group file',
    ]);
    const id = await sleeper({}, config);
    const { json } = await client.call('POST', `/containers/${id}/exec`, { Cmd: ['id'], User: 'machine' });
    const { status, text } = await client.call('POST', `/exec/${String(json['Id'])}/start`, { Detach: true });
    expect(status).to.equal(400);
    expect(text).to.include('unable to find user machine');
    await client.call('DELETE', `/containers/${id}?force=1`);
  });

  it('DeviceRequests: no driver', async () => {
    expect(await refused({ DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] })).to.deep.equal([
      400,
      'could not select device driver "" with capabilities: [[gpu]]',
    ]);
  });
});
