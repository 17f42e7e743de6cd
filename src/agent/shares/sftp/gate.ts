/**
 * Many pass side by side, or one alone. A path is looked at and then used; whoever could put a symlink in its way
 * between the two (a rename, a link) passes alone.
 */
export class Gate {
  #passing = 0;
  #alone: Promise<void> = Promise.resolve();
  #onEmpty: (() => void) | undefined;

  async together<T>(work: () => Promise<T>): Promise<T> {
    // Another one may have queued up meanwhile.
    for (let last; last !== this.#alone;) {
      last = this.#alone;
      await last;
    }
    this.#passing += 1;
    try {
      return await work();
    } finally {
      this.#passing -= 1;
      if (this.#passing === 0) this.#onEmpty?.();
    }
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#alone;
    const done = Promise.withResolvers<void>();
    this.#alone = done.promise;
    await before;
    try {
      if (this.#passing > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
      this.#onEmpty = undefined;
      return await work();
    } finally {
      done.resolve();
    }
  }
}
