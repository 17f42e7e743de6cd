import { notFound } from '../errors.ts';
import type { ExecConfig } from '../../protocol/docker/exec.ts';
import type { AttachHub } from './attach-hub.ts';

export type ExecState =
  | { readonly status: 'created' }
  | { readonly status: 'running'; readonly pid: number }
  | { readonly status: 'exited'; readonly pid: number; readonly exitCode: number };

/** A command in a running container. Lives as long as the engine and the container, like Docker's. */
export interface ExecSession {
  readonly id: string;
  readonly containerId: string;
  readonly config: ExecConfig;
  readonly hub: AttachHub;
  state: ExecState;
}

export class ExecRegistry {
  readonly #sessions = new Map<string, ExecSession>();

  add(session: ExecSession): void {
    this.#sessions.set(session.id, session);
  }

  /** @throws EngineError notFound */
  find(id: string): ExecSession {
    const session = this.#sessions.get(id);
    if (session === undefined) throw notFound(`No such exec instance: ${id}`);
    return session;
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
