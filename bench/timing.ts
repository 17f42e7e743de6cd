import { runProgram, type RunOptions } from '../test/helpers/process.ts';

/** Milliseconds that `body` takes. */
export async function timed(body: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await body();
  return performance.now() - started;
}

/** `count` timings of `body`, one after another, after one that doesn't count (caches). */
export async function timings(count: number, body: () => Promise<unknown>): Promise<number[]> {
  await body();
  const results: number[] = [];
  while (results.length < count) results.push(await timed(body));
  return results;
}

/** Runs a program that must succeed. @returns stdout */
export async function must(command: string, args: readonly string[], options?: RunOptions): Promise<string> {
  const result = await runProgram(command, args, options);
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')}: exit ${result.status}\n${result.stderr}`);
  return result.stdout;
}
