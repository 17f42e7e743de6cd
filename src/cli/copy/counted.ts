/** Passes a stream on and counts its bytes. */
export async function* counted<T extends Uint8Array>(
  source: AsyncIterable<T>,
  bytes: { count: number },
): AsyncGenerator<T> {
  for await (const chunk of source) {
    bytes.count += chunk.length;
    yield chunk;
  }
}
