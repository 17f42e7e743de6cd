import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openArchive } from '../../src/image-builder/debian/archive.ts';
import { readDebs } from '../../src/image-builder/debian/deb-batch.ts';
import { debianSuites } from '../../src/image-builder/debian/suites.ts';
import type { TarEntry } from '../../src/image-builder/tar/entry.ts';
import { cacheDirectory } from '../../test/helpers/e2e-world.ts';
import { inMergedUsr, skeleton } from '../../test/helpers/images/entries.ts';
import { writeOciLayout, type LayerSource } from '../../test/helpers/images/oci-layout.ts';

/** Wanted by maintainer scripts alone, which nothing here runs. */
const SCRIPTS_ONLY = ['debconf', 'perl-base', 'dpkg', 'init-system-helpers', 'adduser', 'media-types'];

export interface DebianImage {
  readonly name: string;
  /** The packages of each layer; what they need comes with the first layer that needs it. */
  readonly layers: readonly (readonly string[])[];
  /** On top of the last layer. */
  readonly extra?: readonly TarEntry[];
}

/**
 * An image of Debian's packages (trixie, amd64, whole: with their documentation), gzip at level 6 as `docker push` has
 * it. Making it takes a minute, so it stays in the cache: a change to what is in it takes a new name.
 *
 * @returns the directory of its OCI layout
 */
export async function debianLayout(image: DebianImage): Promise<string> {
  const layout = join(cacheDirectory, 'bench', image.name);
  if (existsSync(layout)) return layout;
  const unfinished = `${layout}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    writeOciLayout(unfinished, { layers: await layersOf(image), config: { Cmd: ['true'] } });
    renameSync(unfinished, layout);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return layout;
}

async function layersOf({ layers, extra = [] }: DebianImage): Promise<LayerSource[]> {
  const archive = await openArchive({
    suites: await debianSuites('trixie'),
    arch: 'amd64',
    cacheDir: join(cacheDirectory, 'downloads'),
  });
  const placed = new Set<string>();
  const sources: LayerSource[] = [];
  for (const [at, names] of layers.entries()) {
    const records = archive.resolve(names, { exclude: SCRIPTS_ONLY }).filter(({ name }) => !placed.has(name));
    for (const { name } of records) placed.add(name);
    // By its path: Docker refuses a layer that has one twice.
    const entries = new Map<string, TarEntry>();
    const add = (entry: TarEntry) => entries.set(entry.path, entry);
    if (at === 0) skeleton().forEach(add);
    for await (const { entries: unpacked } of readDebs(await archive.fetch(records))) {
      for (const entry of unpacked.map(inMergedUsr)) {
        const isRoot = /^(?:usr|bin|sbin|lib|lib64|\.)?$/.test(entry.path);
        if (!isRoot && !entries.has(entry.path)) add(entry);
      }
    }
    if (at === layers.length - 1) extra.forEach(add);
    sources.push({ entries: [...entries.values()], compression: 'gzip', level: 6 });
  }
  return sources;
}
