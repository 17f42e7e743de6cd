import { availableParallelism } from 'node:os';
import type { TarEntry } from '../tar/entry.ts';
import { readDeb } from './deb.ts';

/**
 * The entries of several .debs, package by package in the given order, while the next ones are already
 * being decompressed by other threads. At most `width` packages are in memory at a time.
 */
export async function* readDebs<T extends { path: string }>(
  packages: readonly T[],
  width: number = Math.min(4, availableParallelism()),
): AsyncGenerator<{ package: T; entries: TarEntry[] }, void, undefined> {
  const started: Promise<TarEntry[]>[] = [];
  try {
    for (const [index, item] of packages.entries()) {
      for (const next of packages.slice(started.length, index + width)) {
        const entries = readAll(next.path);
        // Its failure is thrown in its turn; until then it must not count as unhandled.
        entries.catch(() => undefined);
        started.push(entries);
      }
      const entries = await started[index];
      started[index] = Promise.resolve([]);
      yield { package: item, entries: entries ?? [] };
    }
  } finally {
    await Promise.allSettled(started);
  }
}

async function readAll(path: string): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const entry of readDeb(path)) entries.push(entry);
  return entries;
}
