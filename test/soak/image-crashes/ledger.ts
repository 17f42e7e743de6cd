import type { CrashImage } from './images.ts';
import type { Asked } from './operations.ts';

/** What the engine has acknowledged of an image, and so must keep. */
export interface Held {
  /** It came by a pull: its manifest stays with it. A `docker save` archive is taken in without. */
  readonly manifest: boolean;
  readonly extraName: boolean;
}

/** All that the engine has acknowledged; undefined is an image that it doesn't have. */
export class Ledger {
  readonly #held = new Map<string, Held>();

  held({ name }: CrashImage): Held | undefined {
    return this.#held.get(name);
  }

  /** After an acknowledgement. */
  note({ operation, image }: Asked): void {
    const { name } = image;
    const held = this.#held.get(name);
    if (operation === 'remove') this.#held.delete(name);
    else if (operation === 'pull' || operation === 'load') {
      this.#held.set(name, { manifest: operation === 'pull', extraName: held?.extraName ?? false });
    } else if (operation === 'tag' && held !== undefined) this.#held.set(name, { ...held, extraName: true });
  }
}
