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

/** Pulls what is to be refused: by an error that says this, and with the cache as it was. */
export async function expectRefusal(under: ImagesUnderTest, image: string, message: RegExp, tag = '1') {
  const before = await cacheSnapshot(under);
  const { status, text, lines } = await under.pull(image, tag);
  const told =
    lines.at(-1)?.errorDetail?.message ??
    (status === 200 ? '' : (JSON.parse(text) as { message: string }).message);
  expect(told, text).to.match(message);
  expect(await cacheSnapshot(under)).to.deep.equal(before);
}
