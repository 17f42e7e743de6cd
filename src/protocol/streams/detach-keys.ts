/** ctrl-p, ctrl-q: what detaches where nobody asked for other keys. */
export const DEFAULT_DETACH_KEYS: Buffer = Buffer.from([0x10, 0x11]);

/** The characters that `ctrl-` may stand before, in the order of their codes: `ctrl-@` is 0, `ctrl-a` 1, `ctrl-_` 31. */
const CONTROL = '@abcdefghijklmnopqrstuvwxyz[\\]^_';
const DELETE = 0x7f;

/**
 * Docker's grammar for `--detach-keys` and the API's `detachKeys`: single characters, `ctrl-X` and `DEL`, separated by
 * commas (moby/term, ascii.go). Undefined for what is no such sequence; the default for ''.
 */
export function parseDetachKeys(text: string): Buffer | undefined {
  if (text === '') return DEFAULT_DETACH_KEYS;
  const codes = text.split(',').map((key): number => {
    const bytes = Buffer.from(key);
    if (bytes.length === 1) return bytes[0] ?? -1;
    if (key === 'DEL') return DELETE;
    return key.startsWith('ctrl-') && key.length === 6 ? CONTROL.indexOf(key.slice(5)) : -1;
  });
  return codes.includes(-1) ? undefined : Buffer.from(codes);
}

export interface Scanned {
  /** What goes to the process. */
  readonly input: Buffer;
  readonly detached: boolean;
}

/** Looks for the detach keys in what is typed, however it comes in pieces; the beginning of a sequence is held back. */
export class DetachScanner {
  readonly #keys: Buffer;
  #held: Buffer = Buffer.alloc(0);

  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  push(chunk: Buffer): Scanned {
    const typed = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const found = typed.indexOf(this.#keys);
    if (found >= 0) return { input: typed.subarray(0, found), detached: true };
    const begun = this.#beginning(typed);
    this.#held = Buffer.from(typed.subarray(typed.length - begun));
    return { input: typed.subarray(0, typed.length - begun), detached: false };
  }

  /** How many bytes at the end may be the keys' beginning. */
  #beginning(typed: Buffer): number {
    for (let length = Math.min(this.#keys.length - 1, typed.length); length > 0; length -= 1) {
      if (typed.subarray(typed.length - length).equals(this.#keys.subarray(0, length))) return length;
    }
    return 0;
  }
}
