import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { hostAnswer } from '../../protocol/agent/ports.ts';
import type { HostAnswer, HostRequest } from '../../protocol/agent/ports.ts';

/** An agent that was killed; `close` follows. The reader of lines passes a socket's error on as its own. */
const killed = (): void => undefined;

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** One agent on the line. */
export class AgentConnection {
  readonly #socket: Socket;
  readonly #pending = new Map<number, (answer: HostAnswer | undefined) => void>();
  readonly #gone = Promise.withResolvers<void>();
  #lastId = 0;

  /** @param onGone called once, with what the agent said wrong if that is why */
  constructor(socket: Socket, onGone: (error: unknown) => void) {
    let reason: unknown;
    this.#socket = socket;
    socket.on('error', killed);
    const lines = createInterface({ input: socket }).on('error', killed);
    lines.on('line', (line) => {
      try {
        const answer = hostAnswer.parse(JSON.parse(line));
        this.#pending.get(answer.id)?.(answer);
      } catch (error) {
        reason = error;
        socket.destroy();
      }
    });
    // Its end is all that an agent can say after its last answer.
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      for (const settle of this.#pending.values()) settle(undefined);
      onGone(reason);
      this.#gone.resolve();
    });
  }

  /**
   * Undefined: the agent has gone before it answered, and `onGone` has been called: whoever asks again asks the next one,
   * or waits for it.
   *
   * @throws the signal's reason
   */
  async ask(request: WithoutId<HostRequest>, signal?: AbortSignal): Promise<HostAnswer | undefined> {
    signal?.throwIfAborted();
    if (this.#socket.destroyed) {
      await this.#gone.promise;
      return undefined;
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = Promise.withResolvers<HostAnswer | undefined>();
    const giveUp = (): void => answered.reject(signal?.reason as Error);
    this.#pending.set(id, answered.resolve);
    signal?.addEventListener('abort', giveUp);
    try {
      this.#socket.write(`${JSON.stringify({ ...request, id })}\n`);
      return await answered.promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
      this.#pending.delete(id);
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}
