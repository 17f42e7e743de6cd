import type { HostAnswer, PortForward } from '../../protocol/agent/ports.ts';
import { EngineError } from '../errors.ts';
import type { PortRequest, PublishedPort } from '../networks/contract.ts';
import type { PortHost } from './host-link.ts';
import type { PortTable } from './port-table.ts';
import type { PortRule } from './rules.ts';

export interface PublisherParts {
  readonly table: PortTable;
  readonly host: PortHost;
  /** Makes these the kernel's rules, all of them. */
  readonly loadRules: (rules: readonly PortRule[]) => Promise<void>;
  /** Whether the kernel may have rules, of an earlier engine too. */
  readonly hasRules: () => boolean;
  readonly onBackgroundError: (error: unknown) => void;
}

interface Live {
  /** Those that are open by now. */
  ports: readonly PublishedPort[];
  /** Undefined until the container has an address. */
  ipv4: string | undefined;
}

/** Brings containers' ports to the host and takes them back. */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #live = new Map<string, Live>();
  #restoring = true;
  #loading: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /**
   * Opens ports on the host; all or none.
   *
   * @throws EngineError system with docker's words where a container has the port, with the host's where another
   *   program has it; unavailable without an agent
   */
  async open(containerId: string, requests: readonly PortRequest[]): Promise<readonly PublishedPort[]> {
    const live: Live = { ports: [], ipv4: undefined };
    this.#live.set(containerId, live);
    const outcomes = await Promise.allSettled(
      requests.map(async (request) => {
        const port = await this.#openOne(containerId, request);
        // At once: an agent that connects while others are being opened closes what it isn't told of.
        live.ports = [...live.ports, port];
        return port;
      }),
    );
    const ports = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    live.ports = ports;
    if (failed === undefined) return ports;
    await this.release(containerId);
    throw failed.reason;
  }

  /** Sends what arrives at a container's ports to its address; undefined: nowhere. @throws CommandError */
  async connect(containerId: string, ipv4: string | undefined): Promise<void> {
    const live = this.#live.get(containerId);
    if (live === undefined || live.ports.length === 0 || live.ipv4 === ipv4) return;
    live.ipv4 = ipv4;
    await this.#reload();
  }

  /** After an engine's restart: the container, its ports and its connections have gone on. */
  adopt(containerId: string, ports: readonly PublishedPort[], ipv4: string | undefined): void {
    for (const port of ports) this.#parts.table.restore(containerId, port);
    this.#live.set(containerId, { ports, ipv4 });
  }

  /**
   * All that go on have been adopted. Until now the rules of the earlier engine stay as they are: rules about some of
   * the containers would take the others' ports away. Where none goes on the rules go too: the next container with one of
   * the addresses would have what was another's. @throws CommandError
   */
  async restored(): Promise<void> {
    this.#restoring = false;
    if (this.#live.size > 0 || this.#parts.hasRules()) await this.#reload();
  }

  /** Idempotent. Whoever can't close a port now is told on the next connection: a container's end doesn't fail for it. */
  async release(containerId: string): Promise<void> {
    const live = this.#live.get(containerId);
    if (live === undefined) return;
    this.#live.delete(containerId);
    const rules = live.ipv4 === undefined ? Promise.resolve() : this.#reload();
    await Promise.all([
      ...live.ports.map((port) => this.#closeOne(containerId, port)),
      rules.catch(this.#parts.onBackgroundError),
    ]);
  }

  /** What is open on the host, of all containers. */
  forwards(): PortForward[] {
    return [...this.#live.values()].flatMap(({ ports }) =>
      ports.map(({ proto, hostAddress, hostPort, guestPort }) => ({
        proto,
        hostAddress,
        hostPort,
        guestPort,
      })),
    );
  }

  async #openOne(containerId: string, request: PortRequest): Promise<PublishedPort> {
    const { proto, hostAddress, containerPort } = request;
    let refusal: EngineError | undefined;
    for (const hostPort of this.#candidates(request)) {
      const forward = this.#parts.table.take(containerId, { proto, hostAddress, hostPort });
      if (forward === undefined) {
        refusal = new EngineError(
          'system',
          `Bind for ${hostAddress}:${hostPort} failed: port is already allocated`,
        );
        continue;
      }
      const answer = await this.#ask(containerId, forward);
      if (answer.ok) return { ...forward, containerPort };
      this.#parts.table.release(containerId, forward);
      refusal = new EngineError('system', answer.message);
      if (answer.code === 'failed') break;
    }
    throw refusal ?? new EngineError('system', `no free port on ${hostAddress}`);
  }

  *#candidates({ hostPorts: { first, last } }: PortRequest): Generator<number> {
    if (first === 0) yield* this.#parts.table.dynamic();
    else for (let port = first; port <= last; port += 1) yield port;
  }

  async #ask(containerId: string, forward: PortForward): Promise<HostAnswer> {
    try {
      return await this.#parts.host.openPort(forward);
    } catch (error) {
      this.#parts.table.release(containerId, forward);
      throw error;
    }
  }

  async #closeOne(containerId: string, port: PublishedPort): Promise<void> {
    const { proto, hostAddress, hostPort, guestPort } = port;
    try {
      await this.#parts.host.closePort({ proto, hostAddress, hostPort, guestPort });
    } catch (error) {
      this.#parts.onBackgroundError(error);
    }
    this.#parts.table.release(containerId, port);
  }

  /** One load at a time; those that are asked for meanwhile are one more. */
  #reload(): Promise<void> {
    if (this.#restoring) return Promise.resolve();
    this.#next ??= this.#loading.then(() => {
      this.#next = undefined;
      const load = this.#parts.loadRules(this.#rules());
      this.#loading = load.catch(() => undefined);
      return load;
    });
    return this.#next;
  }

  #rules(): PortRule[] {
    return [...this.#live.values()].flatMap(({ ports, ipv4 }) =>
      ipv4 === undefined
        ? []
        : ports.map(({ proto, guestPort, containerPort }) => ({ proto, guestPort, ipv4, containerPort })),
    );
  }
}
