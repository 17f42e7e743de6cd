import { selfTestOutput, SELF_TEST, type CrashImage } from './images.ts';
import type { GuestShell } from './guest-shell.ts';
import type { Ledger } from './ledger.ts';
import { extraNameOf, referenceOf, type Store } from './operations.ts';

/** Each image is there under its names, starts, and its layers have the content that they were built with. @returns what isn't so */
export async function brokenImages(
  store: Store,
  ledger: Ledger,
  images: readonly CrashImage[],
): Promise<string[]> {
  const broken = await Promise.all(images.map(async (image) => await brokenImage(store, ledger, image)));
  return broken.flat();
}

async function brokenImage(store: Store, ledger: Ledger, image: CrashImage): Promise<string[]> {
  const { client } = store;
  const held = ledger.held(image);
  const names = [referenceOf(store, image), extraNameOf(image)];
  const broken: string[] = [];
  for (const [at, name] of names.entries()) {
    const wanted = held !== undefined && (at === 0 || held.extraName);
    const { status, json, text } = await client.call('GET', `/images/${name}/json`);
    if (wanted && (status !== 200 || json['Id'] !== image.id))
      broken.push(`${name} is lost: ${status} ${text}`);
    if (!wanted && status !== 404) broken.push(`${name} was removed and is back: ${status} ${text}`);
  }
  if (held === undefined || broken.length > 0) return broken;
  const config = { Image: referenceOf(store, image) };
  const { code, stdout, stderr, start } = await client.run(SELF_TEST, { config });
  if (code === 0 && stdout === selfTestOutput(image)) return [];
  return [
    `${image.name} does not start as it should: ${start.status} ${start.text} ${code} ${stdout} ${stderr}`,
  ];
}

/** Everything on the data disk that belongs to images, after a prune, is what the images need. @returns what isn't so */
export async function orphans(
  store: Store,
  shell: GuestShell,
  ledger: Ledger,
  images: readonly CrashImage[],
): Promise<string[]> {
  const pruned = await store.client.call('POST', '/images/prune');
  const found = await shell.run(
    'cd /var/lib/wherry && find blobs layers ingest partial images.json.*.new -type f 2>/dev/null | sort; pidof mkfs.erofs || true',
  );
  const there = images.flatMap((image) => {
    const held = ledger.held(image);
    return held === undefined ? [] : [{ image, held }];
  });
  const needed = there.flatMap(({ image, held }) => [
    blobFile(image.id),
    ...(held.manifest ? [blobFile(image.manifest.digest)] : []),
    ...image.layers.flatMap(({ digest, diffId }) => [blobFile(digest), `layers/${hexOf(diffId)}.erofs`]),
  ]);
  const expected = [...new Set(needed)]
    .toSorted()
    .map((file) => `${file}\n`)
    .join('');
  const failures = found === expected ? [] : [`on the disk is\n${found}and should be\n${expected}`];
  return pruned.status === 200 ? failures : [`prune: ${pruned.status} ${pruned.text}`, ...failures];
}

const hexOf = (digest: string): string => digest.slice('sha256:'.length);
const blobFile = (digest: string): string => `blobs/sha256/${hexOf(digest)}`;
