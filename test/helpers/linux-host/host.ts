import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ustarArchive } from '../../../src/core/tar/ustar.ts';
import { whyUnreachable } from '../../../src/drivers/generic/reach.ts';
import { generateEd25519, openSshPrivateKey, publicKeyBlob, publicKeyLine } from '../../../src/ssh/keys.ts';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { linuxHostDisk } from './disk.ts';

export interface LinuxHost {
  readonly sshPort: number;
  /** Its private key opens root and `tester`. */
  readonly keyFile: string;
  /** The SSH server's, as the protocol carries it. */
  readonly hostKey: Buffer;
  /** What it has said on its console. */
  console(): Promise<string>;
  stop(): Promise<void>;
}

const QEMU = 'qemu-system-x86_64';
const TCG_WORDS =
  'mitigations=off random.trust_cpu=on rcupdate.rcu_expedited=1 cryptomgr.notests clearcpuid=cx16';

/**
 * Boots a Debian 12 host under emulation, with an SSH server on a port of the loopback; resolves when that answers.
 * What it writes is gone with it.
 *
 * @param scratch an empty directory for its keys and console
 */
export async function startLinuxHost(cacheDir: string, scratch: string): Promise<LinuxHost> {
  const { kernel, initrd, disk } = await linuxHostDisk(cacheDir);
  const [client, server] = [generateEd25519(), generateEd25519()];
  const keyFile = join(scratch, 'id_ed25519');
  await writeFile(keyFile, openSshPrivateKey(client, 'test'), { mode: 0o600 });
  const keys = ustarArchive(
    [
      { name: 'etc/ssh/ssh_host_ed25519_key', content: openSshPrivateKey(server, 'host'), mode: 0o600 },
      { name: 'etc/ssh/authorized_keys', content: `${publicKeyLine(client, 'test')}\n` },
    ],
    2 ** 20,
  );
  await writeFile(join(scratch, 'keys.img'), keys);
  const sshPort = await freePort();
  const log = join(scratch, 'console.log');
  const disks = [
    `file=${disk},format=raw,if=virtio,snapshot=on`,
    `file=${join(scratch, 'keys.img')},format=raw,if=virtio,readonly=on`,
  ];
  const settings = {
    machine: 'q35,usb=off,sata=off,smbus=off,vmport=off',
    accel: 'tcg,thread=multi,tb-size=512',
    cpu: 'max,-erms',
    smp: '2',
    m: '1024M',
    display: 'none',
    monitor: 'none',
    vga: 'none',
    serial: 'stdio',
    netdev: `user,id=n,ipv6=off,hostfwd=tcp:127.0.0.1:${sshPort}-:22`,
    device: 'virtio-net-pci,netdev=n,romfile=',
    kernel,
    initrd,
    append: `console=ttyS0 panic=-1 root=/dev/vda rw systemd.condition-needs-update=no systemd.show_status=0 ${TCG_WORDS}`,
  };
  const words = [
    ...Object.entries(settings).flatMap(([name, value]) => [`-${name}`, value]),
    ...disks.flatMap((drive) => ['-drive', drive]),
  ];
  const child = spawn(QEMU, ['-nodefaults', '-no-user-config', '-no-reboot', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const ended = once(child, 'close').then(() => file.end());
  const host: LinuxHost = {
    sshPort,
    keyFile,
    hostKey: publicKeyBlob(server),
    console: () => readFile(log, 'utf8'),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
  try {
    await eventually(
      async () => {
        if (child.exitCode !== null) throw new Error(`QEMU ended:\n${await host.console()}`);
        return whyUnreachable({ host: '127.0.0.1', port: sshPort, user: 'root' });
      },
      (why) => why === undefined,
      'the SSH server of the Debian host',
    );
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host;
}
