import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fromAgent } from '../../protocol/agent/shares.ts';
import type { HostChange, ShareAnswer } from '../../protocol/agent/shares.ts';
import { EngineError, invalid } from '../errors.ts';
import type { HostShares, SharePlace } from './contract.ts';

export interface ShareLinkOptions {
  readonly socketPath: string;
  /** What containers that run have of the host: an agent that comes anew is asked for it again. */
  readonly inUse: () => readonly string[];
  readonly repeat: (change: HostChange) => Promise<void>;
  readonly onBackgroundError: (error: unknown) => void;
  /** How long an agent may take to come, and to answer; milliseconds. */
  readonly patienceMs?: number | undefined;
}

/** A machine's start may still be under way, and the first mount loads what it needs, under emulation. */
const PATIENCE_MS = 30_000;

/** The engine's end of src/protocol/agent/shares.ts. The latest agent to connect is the one that is asked. */
export class ShareLink implements HostShares {
  readonly #options: ShareLinkOptions;
  readonly #server: Server;
  readonly #places = new Map<string, string>();
  readonly #pending = new Map<
    number,
    { readonly agent: Socket; readonly settle: (answer?: ShareAnswer) => void }
  >();
  #agent: Socket | undefined;
  #arrival = Promise.withResolvers<void>();
  #lastId = 0;

  constructor(options: ShareLinkOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
  }

  /** Listens on a root-only socket, in place of one that a dead engine left. */
  async listen(): Promise<void> {
    const { socketPath } = this.#options;
    rmSync(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      // bind(2) happens within listen(): with this umask the socket is never open to others, not even briefly.
      const before = process.umask(0o177);
      try {
        this.#server.listen(socketPath, resolve);
      } finally {
        process.umask(before);
      }
    });
  }

  stop(): void {
    this.#server.close();
    this.#agent?.destroy();
  }

  placeOf(source: string): string | undefined {
    return this.#places.get(source);
  }

  async share(source: string, create: boolean): Promise<SharePlace> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(unreachable(source)), this.#options.patienceMs ?? PATIENCE_MS);
    // Nobody may be waiting any more when it rejects.
    late.promise.catch(() => undefined);
    try {
      for (;;) {
        if (this.#agent === undefined) await Promise.race([this.#arrival.promise, late.promise]);
        const answer = await Promise.race([this.#ask(source, create), late.promise]);
        // Undefined: that agent went before it answered; its successor is asked.
        if (answer === undefined) continue;
        if (!answer.ok) {
          throw answer.code === 'refused'
            ? invalid(answer.message)
            : new EngineError('system', answer.message);
        }
        this.#places.set(source, answer.path);
        return { path: answer.path, writable: answer.writable };
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(source: string, create: boolean): Promise<ShareAnswer | undefined> {
    const agent = this.#agent;
    if (agent === undefined) return undefined;
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = Promise.withResolvers<ShareAnswer | undefined>();
    this.#pending.set(id, { agent, settle: answered.resolve });
    try {
      send(agent, { id, op: 'share', source, create });
      return await answered.promise;
    } finally {
      this.#pending.delete(id);
    }
  }

  #welcome(socket: Socket): void {
    this.#agent?.destroy();
    this.#agent = socket;
    // A killed agent; `close` follows. The reader of lines passes a socket's error on as its own.
    socket.on('error', () => socket.destroy());
    const lines = createInterface({ input: socket }).on('error', () => socket.destroy());
    lines.on('line', (line) => {
      try {
        this.#take(socket, line);
      } catch (error) {
        this.#options.onBackgroundError(error);
        socket.destroy();
      }
    });
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      if (this.#agent === socket) {
        this.#agent = undefined;
        this.#arrival = Promise.withResolvers<void>();
      }
      for (const { agent, settle } of this.#pending.values()) if (agent === socket) settle();
    });
    this.#arrival.resolve();
    for (const source of new Set(this.#options.inUse())) {
      this.share(source, false).catch(this.#options.onBackgroundError);
    }
  }

  #take(socket: Socket, line: string): void {
    const said = fromAgent.parse(JSON.parse(line));
    if (!('op' in said)) {
      this.#pending.get(said.id)?.settle(said);
      return;
    }
    this.#options
      .repeat(said.change)
      .catch(this.#options.onBackgroundError)
      .finally(() => send(socket, { id: said.id, op: 'repeated' }));
  }
}

function send(socket: Socket, message: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

function unreachable(source: string): EngineError {
  return new EngineError(
    'unavailable',
    `"${source}" can't be mounted: no Wherry agent of the host is connected to this engine`,
  );
}
