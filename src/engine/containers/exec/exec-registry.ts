import { notFound } from '../../errors.ts';
import type { ExecConfig } from '../../../protocol/docker/exec.ts';

export type ExecState =
  | { readonly status: 'created' }
  | { readonly status: 'running'; readonly pid: number }
  | { readonly status: 'exited'; readonly pid: number; readonly exitCode: number };

/** Clients ask for the exit code after the end; moby forgets ended execs after about as long (daemon/exec.go). */
export const KEEP_ENDED_MS = 5 * 60_000;

/** A command in a running container. Lives as long as the engine and the container, and no longer than {@link KEEP_ENDED_MS} after its end. */
export interface ExecSession {
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  state: ExecState;
}

export class ExecRegistry {
  readonly #sessions = new Map<string, ExecSession>();
  readonly #after: (milliseconds: number, action: () => void) => void;

  /** @param after runs an action later */
  constructor(after: (milliseconds: number, action: () => void) => void = later) {
    this.#after = after;
  }

  add(session: ExecSession): void {
    this.#sessions.set(session.id, session);
  }

  /** @throws EngineError notFound */
  find(id: string): ExecSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw notFound(`No such exec instance: ${id}`);
    return session;
  }

  /** Records a session's end; it is forgotten some time later. */
  end(session: ExecSession, pid: number, exitCode: number): void {
    session.state = { status: 'exited', pid, exitCode };
    // The id alone: the timer outlives the session where the container is removed before.
    const { id } = session;
    this.#after(KEEP_ENDED_MS, () => this.#sessions.delete(id));
  }

  /** A session that nobody will ask for. */
  forget(session: ExecSession): void {
    this.#sessions.delete(session.id);
  }

  /** Ids of a container's sessions that haven't ended. */
  activeOf(containerId: string): string[] {
    return [...this.#sessions.values()]
      .filter((session) => session.containerId === containerId && session.state.status !== 'exited')
      .map(({ id }) => id);
  }

  removeOf(containerId: string): void {
    for (const session of this.#sessions.values()) {
      if (session.containerId === containerId) this.#sessions.delete(session.id);
    }
  }
}

function later(milliseconds: number, action: () => void): void {
  setTimeout(action, milliseconds).unref();
}
