import { MACHINE_PORT_RANGE } from '../../protocol/boot/config-disk.ts';
import type { PortForward } from '../../protocol/agent/ports.ts';
import type { PublishedPort } from '../networks/contract.ts';

/** Of the VM itself: SSH, and the resolver on the bridges' addresses. */
const GUEST_RESERVED: ReadonlySet<number> = new Set([22, 53]);
/** Where guest ports come from that can't be the host's port's number; beyond the kernel's ephemeral ports. */
const GUEST_SPARE = { first: 61_000, last: 65_535 };
/** What "any port" means: IANA's dynamic ports (RFC 6335 §6), as moby takes them on Linux from 32768 on. */
const DYNAMIC = { first: 32_768, last: 60_999 };

type HostPort = Pick<PortForward, 'proto' | 'hostAddress' | 'hostPort'>;
type Taken = PortForward & { readonly containerId: string };

/** Which of the host's and of the VM's ports belong to which container. */
export class PortTable {
  readonly #taken = new Set<Taken>();
  #nextDynamic = DYNAMIC.first;
  readonly #sameNumbers: boolean;

  /** @param sameNumbers whether the VM's ports may have the host's numbers: on somebody's computer those are its own */
  constructor(sameNumbers = true) {
    this.#sameNumbers = sameNumbers;
  }

  /** All of them, with the same number on the host and in the VM where that is free. Undefined: the host's is taken. */
  take(containerId: string, wanted: HostPort): PortForward | undefined {
    const { proto, hostAddress, hostPort } = wanted;
    if (this.#isTaken(wanted)) return undefined;
    const guestPort = this.#guestPort(proto, hostPort);
    if (guestPort === undefined) return undefined;
    const taken = { containerId, proto, hostAddress, hostPort, guestPort };
    this.#taken.add(taken);
    return { proto, hostAddress, hostPort, guestPort };
  }

  /** After an engine's restart: what a container that runs on has. */
  restore(containerId: string, { proto, hostAddress, hostPort, guestPort }: PublishedPort): void {
    this.#taken.add({ containerId, proto, hostAddress, hostPort, guestPort });
  }

  release(containerId: string, port: HostPort): void {
    for (const taken of this.#taken) {
      if (taken.containerId === containerId && sameHostPort(taken, port)) this.#taken.delete(taken);
    }
  }

  /** Ports to try for "any", in order, going round: a port that was just freed comes last. Never machines' own. */
  *dynamic(): Generator<number> {
    const size = DYNAMIC.last - DYNAMIC.first + 1;
    for (let step = 0; step < size; step += 1) {
      const port = this.#nextDynamic;
      this.#nextDynamic = port === DYNAMIC.last ? DYNAMIC.first : port + 1;
      if (port < MACHINE_PORT_RANGE.first || port > MACHINE_PORT_RANGE.last) yield port;
    }
  }

  #isTaken(wanted: HostPort): boolean {
    return [...this.#taken].some(
      (taken) =>
        taken.proto === wanted.proto &&
        taken.hostPort === wanted.hostPort &&
        (taken.hostAddress === wanted.hostAddress || isAny(taken.hostAddress) || isAny(wanted.hostAddress)),
    );
  }

  #guestPort(proto: PortForward['proto'], wanted: number): number | undefined {
    const used = new Set(
      [...this.#taken].filter((taken) => taken.proto === proto).map((taken) => taken.guestPort),
    );
    if (this.#sameNumbers && !GUEST_RESERVED.has(wanted) && !used.has(wanted)) return wanted;
    for (let port = GUEST_SPARE.first; port <= GUEST_SPARE.last; port += 1) if (!used.has(port)) return port;
    return undefined;
  }
}

const isAny = (address: string): boolean => address === '0.0.0.0';

function sameHostPort(a: HostPort, b: HostPort): boolean {
  return a.proto === b.proto && a.hostAddress === b.hostAddress && a.hostPort === b.hostPort;
}
