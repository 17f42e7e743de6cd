import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { HostAnswer, PortForward } from '../../protocol/agent/ports.ts';
import { EngineError } from '../errors.ts';
import { AgentConnection } from './agent-connection.ts';
import { listenPrivately } from './private-socket.ts';

/** What the engine may ask of the computer that its machine runs on. */
export interface PortHost {
  /** @throws EngineError unavailable: nobody is there to ask, or not in time */
  openPort(forward: PortForward): Promise<HostAnswer>;
  /** Without an agent nothing happens: the next one is told what is to be open. @throws EngineError unavailable */
  closePort(forward: PortForward): Promise<void>;
}

export interface HostLinkOptions {
  readonly socketPath: string;
  /** What is to be open at this moment. */
  readonly wanted: () => readonly PortForward[];
  readonly onBackgroundError: (error: unknown) => void;
  /** How long an agent may take to come back, and to answer; milliseconds. */
  readonly patienceMs?: number | undefined;
}

/** A killed agent's successor is there within this, on a busy computer too; an answer takes a fraction. */
const PATIENCE_MS = 15_000;

/** The engine's end of src/protocol/agent/ports.ts. The latest agent to connect is the one that is asked. */
export class HostLink implements PortHost {
  readonly #options: HostLinkOptions;
  readonly #server: Server;
  #agent: AgentConnection | undefined;
  #arrival = Promise.withResolvers<void>();

  constructor(options: HostLinkOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  /** Listens on a root-only socket, in place of one that a dead engine left. */
  async listen(): Promise<void> {
    await listenPrivately(this.#server, this.#options.socketPath);
  }

  /** What is open stays open: the next engine is asked about it. */
  stop(): void {
    this.#server.close();
    this.#agent?.end();
  }

  async openPort(forward: PortForward): Promise<HostAnswer> {
    const { signal, end } = this.#patience();
    try {
      for (;;) {
        const agent = this.#agent ?? (await this.#nextAgent(signal, forward));
        const answer = await agent?.ask({ op: 'open', forward }, signal);
        // Undefined: that agent went before it answered; its successor is asked.
        if (answer !== undefined) return answer;
      }
    } finally {
      end();
    }
  }

  async closePort(forward: PortForward): Promise<void> {
    const { signal, end } = this.#patience();
    try {
      const answer = await this.#agent?.ask({ op: 'close', forward }, signal);
      if (answer?.ok === false) throw new EngineError('unavailable', answer.message);
    } finally {
      end();
    }
  }

  #welcome(socket: Socket): void {
    const agent = new AgentConnection(socket, (wrong) => {
      if (wrong !== undefined) this.#options.onBackgroundError(wrong);
      if (this.#agent !== agent) return;
      this.#agent = undefined;
      this.#arrival = Promise.withResolvers<void>();
    });
    this.#agent?.end();
    this.#agent = agent;
    this.#keepWanted(agent).catch(this.#options.onBackgroundError);
    this.#arrival.resolve();
  }

  async #keepWanted(agent: AgentConnection): Promise<void> {
    const answer = await agent.ask({ op: 'keep', forwards: [...this.#options.wanted()] });
    if (answer?.ok === false) throw new EngineError('unavailable', answer.message);
  }

  #patience(): { readonly signal: AbortSignal; readonly end: () => void } {
    const controller = new AbortController();
    const timer = setTimeout(
      () => controller.abort(new EngineError('unavailable', "the host's Wherry agent doesn't answer")),
      this.#options.patienceMs ?? PATIENCE_MS,
    );
    return { signal: controller.signal, end: () => clearTimeout(timer) };
  }

  /** @throws EngineError unavailable when the signal aborts first */
  async #nextAgent(
    signal: AbortSignal,
    { hostAddress, hostPort }: PortForward,
  ): Promise<AgentConnection | undefined> {
    const late = Promise.withResolvers<never>();
    const giveUp = (): void =>
      late.reject(
        new EngineError(
          'unavailable',
          `port ${hostAddress}:${hostPort} can't be published: no Wherry agent of the host is connected to this engine`,
        ),
      );
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await Promise.race([this.#arrival.promise, late.promise]);
      return this.#agent;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}
