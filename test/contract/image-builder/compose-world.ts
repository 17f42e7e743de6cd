import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComposeOptions } from '../../../src/image-builder/compose.ts';
import type { FetchedPackage } from '../../../src/image-builder/debian/archive.ts';
import type { gather } from '../../../src/image-builder/gather.ts';
import { loadRecipe } from '../../../src/image-builder/recipe/load.ts';
import { arm64Kernel, debOf, moduleElf } from '../../unit/image-builder/compose-fixtures.ts';

const KERNEL = '6.12.1-test';

/** What composes a small image from packages made here, in `directory`; `onGather` is told when it begins. */
export async function composeOptions(directory: string, onGather: () => void): Promise<ComposeOptions> {
  const modules = ['virtio_blk', 'erofs', 'virtio_net', 'quota_v2', 'overlay', 'evdev', 'veth', 'bridge'];
  const builtIn = `kernel/drivers/acpi/button.ko\n`;
  const shipped = await loadRecipe();
  const lists = {
    data: ['quota_v2'],
    network: ['virtio_net'],
    later: ['overlay', 'button', 'evdev', 'veth', 'bridge'],
  };
  const recipe = {
    ...shipped,
    recipe: { ...shipped.recipe, modules: { ...shipped.recipe.modules, lists } },
  };
  const debs: Record<string, Buffer> = {
    'busybox-static': debOf({ 'bin/busybox': 'busybox', 'usr/share/man/x': 'gone' }),
    'ca-certificates': debOf({
      'usr/share/ca-certificates/mozilla/B.crt': 'B\n',
      'usr/share/ca-certificates/mozilla/A.crt': 'A\n',
    }),
    [`linux-image-${KERNEL}`]: debOf({
      [`boot/vmlinuz-${KERNEL}`]: arm64Kernel(),
      [`usr/lib/modules/${KERNEL}/modules.builtin`]: builtIn,
      ...Object.fromEntries(
        modules.map((name) => [
          `usr/lib/modules/${KERNEL}/kernel/fs/${name}.ko`,
          moduleElf([`alias=fs-${name}`]),
        ]),
      ),
    }),
  };
  const fetched = await Promise.all(
    Object.entries(debs).map(async ([name, bytes]) => fetchedPackage(directory, name, bytes)),
  );
  const suites = [
    {
      suite: 'trixie',
      mirror: 'http://mirror',
      version: '13.7',
      date: '2026-11-20T02:00:00.000Z',
      inReleaseSha256: '0'.repeat(64),
    },
  ];
  const fake: typeof gather = async () => {
    onGather();
    const kernel = fetched[2];
    if (kernel === undefined) throw new Error('no kernel');
    return { suites, packages: fetched.slice(0, 2), kernel, npm: [] };
  };
  const engineBundle = join(directory, 'engine.mjs');
  await writeFile(engineBundle, 'export {};\n');
  return {
    arch: 'arm64',
    cacheDir: join(directory, 'cache'),
    imagesDir: join(directory, 'images'),
    engineBundle,
    wherryVersion: '1.2.3',
    recipe,
    gather: fake,
  };
}

async function fetchedPackage(directory: string, name: string, bytes: Buffer): Promise<FetchedPackage> {
  const path = join(directory, `${name}.deb`);
  await writeFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const record = {
    name,
    version: '1',
    architecture: 'arm64',
    multiArch: undefined,
    depends: [],
    conflicts: [],
    provides: [],
    source: { name, version: '1' },
    maintainer: undefined,
    homepage: undefined,
    suite: 'trixie',
    url: `http://mirror/${name}.deb`,
    size: bytes.length,
    sha256,
  };
  return { record, path };
}
