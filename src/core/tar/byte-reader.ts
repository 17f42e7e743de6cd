/** Pulls exact numbers of bytes out of a stream of chunks. */
export interface ByteReader {
  /** Exactly `length` bytes in a buffer of their own, or fewer when the stream ends first. */
  read(length: number): Promise<Buffer>;
  /** At least one byte and at most `limit`, as they come; none at the end. Not a copy. */
  some(limit: number): Promise<Buffer>;
  /** Drops up to `length` bytes; how many there were. */
  skip(length: number): Promise<number>;
  /** Lets the source go without reading it to its end. */
  close(): Promise<void>;
}

export function byteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = source[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);
  let ended = false;

  /** At least one byte in `chunk`, or false at the end. */
  const fill = async (): Promise<boolean> => {
    while (chunk.length === 0 && !ended) {
      const next = await iterator.next();
      if (next.done === true) ended = true;
      else chunk = next.value;
    }
    return chunk.length > 0;
  };
  const take = (length: number): Uint8Array => {
    const part = chunk.subarray(0, length);
    chunk = chunk.subarray(part.length);
    return part;
  };

  return {
    read: async (length) => {
      const out = Buffer.allocUnsafeSlow(length);
      let filled = 0;
      while (filled < length && (await fill())) {
        const part = take(length - filled);
        out.set(part, filled);
        filled += part.length;
      }
      return filled === length ? out : out.subarray(0, filled);
    },
    some: async (limit) => {
      await fill();
      const { buffer, byteOffset, length } = take(limit);
      return Buffer.from(buffer, byteOffset, length);
    },
    skip: async (length) => {
      let skipped = 0;
      while (skipped < length && (await fill())) skipped += take(length - skipped).length;
      return skipped;
    },
    close: async () => {
      if (!ended) await iterator.return?.();
      ended = true;
    },
  };
}
