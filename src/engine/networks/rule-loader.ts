import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bridge } from './bridge.ts';
import { applyHostNetworkRules, applyRules, ruleOf } from './rules.ts';

/** Where cgroup v2 is mounted, and the cgroup below it that holds all containers' (`/wherry`). */
export interface ContainersCgroup {
  readonly root: string;
  readonly parent: string;
}

/** Keeps the kernel's rules to what networks there are; loads them one after the other. */
export class RuleLoader {
  readonly #bridges: () => readonly Bridge[];
  readonly #cgroup: ContainersCgroup;
  readonly #hostAccess: boolean;
  /** Ids of the networks that the loaded rules are about. */
  #loaded = '';
  #loading: Promise<void> = Promise.resolve();
  #host: Promise<void> | undefined;

  constructor(bridges: () => readonly Bridge[], cgroup: ContainersCgroup, hostAccess: boolean) {
    this.#bridges = bridges;
    this.#cgroup = cgroup;
    this.#hostAccess = hostAccess;
  }

  isAbout(networkId: string): boolean {
    return this.#loaded.includes(networkId);
  }

  /**
   * One program start, at the first container after a network was made. The rules are about all networks, not only those
   * with a container: after a restart of the engine the containers of some have gone on that it doesn't know yet.
   *
   * @throws CommandError
   */
  load(): Promise<void> {
    this.#loading = this.#reload(this.#loading);
    return this.#loading;
  }

  async #reload(before: Promise<void>): Promise<void> {
    await before.catch(() => undefined);
    const bridges = this.#bridges();
    const ids = bridges.map(({ record }) => record.id).join(' ');
    if (ids === this.#loaded) return;
    await applyRules(bridges.map(ruleOf), this.#hostAccess);
    this.#loaded = ids;
  }

  /** One program start, at the first container on the VM's own network; one that failed is tried again by the next. */
  async guardHost(): Promise<void> {
    this.#host ??= this.#loadHost();
    try {
      await this.#host;
    } catch (error) {
      this.#host = undefined;
      throw error;
    }
  }

  async #loadHost(): Promise<void> {
    const { root, parent } = this.#cgroup;
    // crun makes it with the first container; the rules go by its id, so it has to be there before them.
    await mkdir(join(root, parent), { recursive: true });
    await applyHostNetworkRules(
      parent,
      this.#bridges().map(({ record }) => record),
      this.#hostAccess,
    );
  }
}
