import type { Random } from './random.ts';

/** A reader of what strangers wrote, and what must hold of it whatever that is. */
export interface Target {
  readonly name: string;
  make(random: Random): Buffer;
  /** @returns what doesn't hold; undefined: all is well. @throws where the reader throws anything but its own error */
  check(input: Buffer, random: Random): string | undefined;
}
