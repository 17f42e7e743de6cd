import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { sha256 } from '../fake-registry.ts';
import type { ImagesUnderTest } from '../images-under-test.ts';

/** Every file of the store with its content's digest, and what `images` lists. */
export async function cacheSnapshot(under: ImagesUnderTest): Promise<string[]> {
  const data = join(under.directory, 'data');
  const files = readdirSync(data, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isFile() ? `${path} ${sha256(readFileSync(path))}` : path;
    })
    .sort();
  return [...files, (await under.call('GET', '/images/json?all=1')).text];
}

/** Where downloads that broke off wait for their next attempt. */
const WAITING = /\/data\/partial\//;

/**
 * Pulls what is to be refused: by an error that says this, and with the cache as it was.
 *
 * @param goesOn the connection is to blame: what came is kept for the next attempt
 */
export async function expectRefusal(
  under: ImagesUnderTest,
  image: string,
  message: RegExp,
  goesOn = false,
): Promise<void> {
  const settled = (snapshot: string[]) => snapshot.filter((line) => !WAITING.test(line));
  const before = settled(await cacheSnapshot(under));
  const { status, text, lines } = await under.pull(image);
  const told =
    lines.at(-1)?.errorDetail?.message ??
    (status === 200 ? '' : (JSON.parse(text) as { message: string }).message);
  expect(told, text).to.match(message);
  const now = await cacheSnapshot(under);
  expect(goesOn ? settled(now) : now).to.deep.equal(before);
}
