import { messageOf, systemErrorCode } from '../../core/errors.ts';
import type { HostForward } from '../../drivers/driver.ts';
import { portHolder, whyNotBindable } from '../../platform/port-probe.ts';
import type { HostAnswer, HostRequest, PortForward } from '../../protocol/agent/ports.ts';

/** A running VM's forwards. */
export interface VmForwards {
  list(): Promise<readonly HostForward[]>;
  add(forward: HostForward): Promise<void>;
  remove(forward: HostForward): Promise<void>;
}

/** Why a port isn't open; `code` as in the protocol. */
class PortRefused extends Error {
  readonly code: 'inUse' | 'failed';

  constructor(code: 'inUse' | 'failed', message: string) {
    super(message);
    this.name = 'PortRefused';
    this.code = code;
  }
}

/**
 * Does what the engine asks for (src/protocol/agent/ports.ts), one after the other. What is open is asked of the VM each
 * time: an earlier agent may have opened it.
 *
 * @param isOwn forwards that the machine needs for itself; neither listed nor touched
 */
export function createHostPorts(
  vm: VmForwards,
  isOwn: (forward: HostForward) => boolean,
): (request: HostRequest) => Promise<HostAnswer> {
  const listed = async (): Promise<HostForward[]> => (await vm.list()).filter((forward) => !isOwn(forward));

  async function open(forward: PortForward): Promise<void> {
    const there = (await vm.list()).find((other) => sameHostPort(other, forward));
    if (there !== undefined && !isOwn(there)) {
      if (there.guestPort === forward.guestPort) return;
      await vm.remove(there);
    }
    await requireFree(forward);
    await vm.add(forward);
  }

  async function close(forward: PortForward): Promise<void> {
    const there = (await listed()).find((other) => sameHostPort(other, forward));
    if (there !== undefined) await vm.remove(there);
  }

  async function keep(forwards: readonly PortForward[]): Promise<void> {
    for (const there of await listed()) {
      if (!forwards.some((forward) => sameHostPort(forward, there))) await vm.remove(there);
    }
    const failures: unknown[] = [];
    for (const forward of forwards) await open(forward).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new PortRefused('failed', failures.map(messageOf).join('; '));
  }

  async function serve(request: HostRequest): Promise<HostAnswer> {
    const { id } = request;
    try {
      if (request.op === 'open') await open(request.forward);
      else if (request.op === 'close') await close(request.forward);
      else await keep(request.forwards);
      return { id, ok: true };
    } catch (error) {
      const code = error instanceof PortRefused ? error.code : 'failed';
      return { id, ok: false, code, message: messageOf(error) };
    }
  }

  let last: Promise<unknown> = Promise.resolve();
  return async (request) => {
    const answer = last.then(() => serve(request));
    last = answer;
    return answer;
  };
}

/** A VM program's own words for a port that it can't have say neither why nor who. @throws PortRefused */
async function requireFree({ proto, hostAddress, hostPort }: PortForward): Promise<void> {
  const port = { proto, address: hostAddress, port: hostPort };
  const why = await whyNotBindable(port);
  if (why === undefined) return;
  const name = `port ${hostAddress}:${hostPort}${proto === 'udp' ? '/udp' : ''} on this computer`;
  switch (systemErrorCode(why)) {
    case 'EADDRINUSE': {
      const holder = await portHolder(port);
      const who = holder === undefined ? '' : ` by ${holder.name} (pid ${holder.pid})`;
      throw new PortRefused('inUse', `${name} is in use${who}`);
    }
    case 'EADDRNOTAVAIL':
      throw new PortRefused('failed', `${name} can't be opened: it has no address ${hostAddress}`);
    case 'EACCES':
      throw new PortRefused('failed', `${name} can't be opened: only an administrator may`);
    default:
      throw new PortRefused('failed', `${name} can't be opened: ${why.message}`);
  }
}

function sameHostPort(a: Omit<HostForward, 'guestPort'>, b: Omit<HostForward, 'guestPort'>): boolean {
  return a.proto === b.proto && a.hostAddress === b.hostAddress && a.hostPort === b.hostPort;
}
