import { WherryError } from '../../core/errors.ts';
import type { HostForward, MachineSpec } from '../driver.ts';
import { NETDEV } from './argv/devices.ts';
import { withQmp } from './qmp/session.ts';
import { readVmFile } from './vm-file.ts';

const QMP_MS = 10_000;

/**
 * `  TCP[HOST_FORWARD]  12  127.0.0.1  8080  10.0.2.15  80  0  0`: protocol and state, file descriptor, source address
 * (`*` for all) and port, destination address and port, two queues. As libslirp's slirp_connection_info writes it.
 */
const FORWARD_LINE = /^\s*(TCP|UDP)\[HOST_FORWARD\]\s+\d+\s+(\*|[\d.]+)\s+(\d+)\s+[\d.]+\s+(\d+)\s/gm;

/** What a running VM forwards now, of all that made it. Error: `HOST_FORWARD_FAILED`. */
export async function listHostForwards(spec: MachineSpec): Promise<HostForward[]> {
  return parseForwards(await monitor(spec, 'info usernet', /^/));
}

export function parseForwards(text: string): HostForward[] {
  return [...text.matchAll(FORWARD_LINE)].map(([, proto, address = '', hostPort, guestPort]) => ({
    proto: proto === 'UDP' ? 'udp' : 'tcp',
    hostAddress: address === '*' ? '0.0.0.0' : address,
    hostPort: Number(hostPort),
    guestPort: Number(guestPort),
  }));
}

/** Makes a running VM's forward. Error: `HOST_FORWARD_FAILED`, with QEMU's words (the port is taken, mostly). */
export async function addHostForward(spec: MachineSpec, forward: HostForward): Promise<void> {
  await monitor(spec, `hostfwd_add ${NETDEV} ${rule(forward)}-:${forward.guestPort}`, /^$/);
}

/** Takes a forward away; one that isn't there is an error of QEMU's. */
export async function removeHostForward(
  spec: MachineSpec,
  forward: Omit<HostForward, 'guestPort'>,
): Promise<void> {
  await monitor(spec, `hostfwd_remove ${NETDEV} ${rule(forward)}`, / removed$/);
}

function rule({ proto, hostAddress, hostPort }: Omit<HostForward, 'guestPort'>): string {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(hostAddress)) {
    // Without an address QEMU binds every interface.
    throw new WherryError({
      code: 'HOST_FORWARD_FAILED',
      message: `"${hostAddress}" is not an IPv4 address to forward from`,
    });
  }
  return `${proto}:${hostAddress}:${hostPort}`;
}

/** QMP has no forwards; the human monitor has, and answers in words: none or `… removed` is success. */
async function monitor(spec: MachineSpec, command: string, success: RegExp): Promise<string> {
  const vm = await readVmFile(spec);
  if (vm === undefined) {
    throw new WherryError({
      code: 'HOST_FORWARD_FAILED',
      message: `"${spec.name}" is not running: nothing to forward to`,
    });
  }
  if (vm.qmp === undefined) {
    throw new WherryError({
      code: 'HOST_FORWARD_FAILED',
      message: `the QEMU of "${spec.name}" has no monitor to ask for a forward: there is none on Windows yet`,
    });
  }
  const answer = await withQmp(vm.qmp, AbortSignal.timeout(QMP_MS), (qmp) =>
    qmp.execute('human-monitor-command', { 'command-line': command }),
  );
  const text = String(answer).trim();
  if (!success.test(text)) throw new WherryError({ code: 'HOST_FORWARD_FAILED', message: `QEMU: ${text}` });
  return text;
}
