import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { TarEntry } from '../../../src/image-builder/tar/entry.ts';
import { busyboxImage } from '../../helpers/images/debian-images.ts';
import { directory, file } from '../../helpers/images/entries.ts';
import { layerTar } from '../../helpers/images/layer-tar.ts';

export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

export interface CrashLayer extends Blob {
  readonly diffId: string;
}

/** An image whose layers can tell whether they are whole. */
export interface CrashImage {
  readonly name: string;
  readonly id: string;
  readonly config: Buffer;
  readonly manifest: Blob;
  readonly layers: readonly CrashLayer[];
}

/** Which of the layers each image has above the common ones: every two share some, none shares all. */
const ABOVE: Readonly<Record<string, readonly string[]>> = {
  one: ['a', 'b'],
  two: ['a', 'c', 'd'],
  three: ['b', 'd', 'e'],
  four: ['c', 'e', 'f'],
};
const SMALLEST = 300_000;
const LARGEST = 1_500_000;
const SMALL_FILES = 40;

/** What a container runs to find out whether each layer of its image has the content that it was built with. */
export const SELF_TEST = ['sh', '-c', 'cat /sums/* | md5sum -c -s && ls /sums'] as const;

/** What the self-test of an image prints. */
export const selfTestOutput = ({ name }: CrashImage): string =>
  (ABOVE[name] ?? []).map((layer) => `${layer}\n`).join('');

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Against accidents it will do, and an emulated processor has it in no time. */
const md5Of = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

/** Bytes that nothing compresses, the same for the same words. */
const noise = (length: number, ...words: readonly (string | number)[]): Buffer =>
  createHash('shake256', { outputLength: length }).update(words.join('/')).digest();

/** Small images of several layers that share most of them, four at most; the same bytes for the same seed. */
export async function crashImages(
  seed: number,
  count: number,
  downloads: string,
): Promise<readonly CrashImage[]> {
  const { layers, config } = await busyboxImage(downloads, ['sh', 'cat', 'ls', 'md5sum']);
  const base = layers.map(({ entries }) => layer(entries, 'gzip'));
  const above = new Map(
    'abcdef'.split('').map((name, at) => [name, layer(dataOf(seed, name), at % 2 === 0 ? 'gzip' : 'zstd')]),
  );
  return Object.entries(ABOVE)
    .slice(0, count)
    .map(([name, own]) =>
      image(
        name,
        config,
        [...base, ...own.map((word) => above.get(word))].filter((found) => found !== undefined),
      ),
    );
}

function layer(entries: readonly TarEntry[], compression: 'gzip' | 'zstd'): CrashLayer {
  const tar = layerTar(entries);
  const bytes = compression === 'gzip' ? gzipSync(tar, { level: 1 }) : zstdCompressSync(tar);
  return { digest: digestOf(bytes), bytes, diffId: digestOf(tar) };
}

function dataOf(seed: number, name: string): TarEntry[] {
  const size = SMALLEST + (noise(4, seed, name, 'size').readUInt32BE() % (LARGEST - SMALLEST));
  const content = noise(size, seed, name);
  const many = Array.from({ length: SMALL_FILES }, (_, at) =>
    file(`many/${name}/${at}`, noise(300, seed, name, at)),
  );
  const sums = [
    [`data/${name}`, content] as const,
    ...many.map((entry) => [entry.path, entry.content] as const),
  ]
    .map(([path, bytes]) => `${md5Of(bytes)}  /${path}\n`)
    .join('');
  return [
    ...['data', 'many', `many/${name}`, 'sums'].map((path) => directory(path)),
    file(`data/${name}`, content),
    ...many,
    file(`sums/${name}`, sums),
  ];
}

function image(name: string, settings: object, layers: readonly CrashLayer[]): CrashImage {
  const config = json({
    created: '2026-01-01T00:00:00Z',
    architecture: 'amd64',
    os: 'linux',
    config: { ...settings, Labels: { 'image-crashes': name } },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  });
  const descriptor = (mediaType: string, bytes: Buffer) => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: descriptor('config.v1+json', config),
    layers: layers.map(({ bytes }) =>
      descriptor(`layer.v1.tar+${bytes[0] === 0x1f ? 'gzip' : 'zstd'}`, bytes),
    ),
  });
  return {
    name,
    id: digestOf(config),
    config,
    manifest: { digest: digestOf(manifest), bytes: manifest },
    layers,
  };
}

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
