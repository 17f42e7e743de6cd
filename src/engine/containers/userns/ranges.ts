import { EngineError } from '../../errors.ts';
import type { IdRange } from '../../sys/user-namespace.ts';

/** What a container gets: enough for every id that distributions hand out, `nobody` (65534) included. */
const SIZE = 65_536;
/** Far from the VM's own ids, and from those that images use. */
const FIRST = 524_288;
/** Ids past 2^31-1 turn negative in too many programs. */
const COUNT = Math.floor((2 ** 31 - FIRST) / SIZE);

/**
 * Which container has which ids of the VM: no two the same ones, from their creation to their removal, but those who
 * share namespaces.
 */
export class IdRanges {
  readonly #slots = new Map<string, number>();

  /** @throws EngineError system if all are taken */
  allocate(containerId: string): IdRange {
    const taken = new Set(this.#slots.values());
    for (let slot = 0; slot < COUNT; slot += 1) {
      if (taken.has(slot)) continue;
      this.#slots.set(containerId, slot);
      return rangeAt(slot);
    }
    throw new EngineError('system', 'no range of user ids is left for another container');
  }

  /** A container has the ids that another one has; both keep them. undefined: the VM's. */
  share(containerId: string, otherId: string): IdRange | undefined {
    const slot = this.#slots.get(otherId);
    if (slot !== undefined) this.#slots.set(containerId, slot);
    return this.rangeOf(containerId);
  }

  /** A container of an earlier engine has this one. */
  restore(containerId: string, range: IdRange): void {
    this.#slots.set(containerId, (range.first - FIRST) / SIZE);
  }

  /** undefined: the container has the VM's ids. */
  rangeOf(containerId: string): IdRange | undefined {
    const slot = this.#slots.get(containerId);
    return slot === undefined ? undefined : rangeAt(slot);
  }

  /** Idempotent. */
  release(containerId: string): void {
    this.#slots.delete(containerId);
  }
}

const rangeAt = (slot: number): IdRange => ({ first: FIRST + slot * SIZE, size: SIZE });
