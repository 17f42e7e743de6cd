/** The results of several works, in their order. */
type Works<T extends readonly unknown[]> = {
  readonly [K in keyof T]: (signal: AbortSignal) => Promise<T[K]>;
};

/**
 * Runs works side by side. The first failure tells the others to stop, and is thrown once all of them have ended: none
 * goes on writing behind an error.
 */
export async function together<const T extends readonly unknown[]>(
  signal: AbortSignal | undefined,
  ...works: Works<T>
): Promise<T> {
  const stop = new AbortController();
  const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let failure: { readonly error: unknown } | undefined;
  const results = await Promise.allSettled(
    works.map(async (work) => {
      try {
        return await work(both);
      } catch (error) {
        failure ??= { error };
        stop.abort(error);
        throw error;
      }
    }),
  );
  if (failure !== undefined) throw failure.error;
  return results.map((result) => (result.status === 'fulfilled' ? result.value : undefined)) as unknown as T;
}
