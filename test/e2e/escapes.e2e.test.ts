import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';

/**
 * What of the ways out of a container only a whole machine can show; the others are in
 * test/contract/engine/containers/escapes.contract.test.ts.
 */
describe('escapes', () => {
  const sh = async (script: string, ...flags: string[]): Promise<string> => {
    const image = world().image('busybox');
    return (await world().wherry(['run', '--rm', ...flags, image, 'sh', '-c', `exec 2>&1; ${script}`]))
      .stdout;
  };

  it("a container does not reach the engine's API (CVE-2025-9074)", async () => {
    // A naive engine listens on TCP within reach of its containers, as Docker Desktop's did on 192.168.65.7:2375.
    const places = ['10.0.2.2', '10.0.2.15', '172.17.0.1', '127.0.0.1', 'host.docker.internal'];
    const doors = places.flatMap((place) => [`${place} 2375`, `${place} 2376`]);
    const ask = doors
      .map(
        (door) => `printf 'GET /_ping HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${door} | grep -i -E 'api-version|^OK'`,
      )
      .join('; ');
    const sockets = 'find / -xdev -type s; find /run /var/run -type s; sed -n "s/.* @/@/p" /proc/net/unix';
    for (const network of ['bridge', 'host']) {
      const output = await sh(`${ask}; ${sockets}; echo done`, '--network', network);
      expect(output, network).not.to.match(/api-version|^OK|\.sock|@/im);
      expect(output).to.match(/done\n$/);
    }
  });

  it("the runtime can't be overwritten (CVE-2019-5736)", async () => {
    // A naive engine's runtime is a file that root may write: a process that starts as /proc/self/exe holds it open.
    const { stdout } = await world().wherry([
      'machine',
      'ssh',
      'e2e',
      'for f in /usr/bin/crun /usr/bin/conmon; do touch -c $f 2>&1; true >> $f; done; grep " / " /proc/mounts',
    ]);
    expect(stdout).to.match(/crun: Read-only file system/);
    expect(stdout).to.match(/ \/ erofs ro/);
    expect(await sh('/proc/self/exe true; head -c 4 /proc/1/exe | tail -c 3')).to.include('ELF');
  });

  it('a working directory does not lead into the machine (CVE-2024-21626)', async () => {
    for (const fd of [3, 7, 8]) {
      // Under the machine's root, as deep as the open file may be.
      const up = '../'.repeat(12);
      const output = await sh(
        `cat /proc/self/cwd/${up}run/wherry/etc/hostname ${up}run/wherry/etc/hostname`,
        '-w',
        `/proc/self/fd/${fd}`,
      );
      expect(output, String(fd)).not.to.match(/^e2e$/m);
    }
  });
});
