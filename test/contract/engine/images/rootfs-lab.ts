import {
  chmodSync,
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { OverlayRootfs } from '../../../../src/engine/images/rootfs.ts';
import { getXattr } from '../../../../src/engine/sys/files.ts';
import type { TarEntry } from '../../../../src/image-builder/tar/entry.ts';
import { directory, file, hardlink, opaque, whiteout } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { startImages } from './images-under-test.ts';

/* Runs in a mount namespace of its own, as root; prints what it found as one line of JSON. */

const layers: TarEntry[][] = [
  [
    directory('./', { mode: 0o711 }),
    directory('etc', { mode: 0o750, uid: 3, gid: 4 }),
    file('etc/gone', 'old'),
    file('etc/kept', 'bottom', { xattrs: new Map([['user.k', Buffer.from('v')]]) }),
    directory('opaque'),
    file('opaque/old', 'old'),
    directory('far'),
    hardlink('far/link', 'etc/kept'),
    file('same', 'bottom'),
  ],
  [
    directory('etc', { mode: 0o755 }),
    whiteout('etc/gone'),
    opaque('opaque'),
    file('opaque/new', 'n'),
    file('same', 'middle'),
  ],
  [file('same', 'top'), file('caf\u00e9', 'one byte, not UTF-8')],
];

function archive(): Buffer {
  const tars = layers.map((entries) => layerTar(entries));
  const diffIds = tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } };
  return layerTar([
    ...tars.map((tar, at) => file(`${at}.tar`, tar)),
    file('c.json', JSON.stringify(config)),
    file(
      'manifest.json',
      JSON.stringify([{ Config: 'c.json', RepoTags: ['lab:1'], Layers: ['0.tar', '1.tar', '2.tar'] }]),
    ),
  ]);
}

const under = await startImages({}, process.argv[2]);
const mounts = (): number =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(under.directory)).length;
await under.call('POST', '/images/load', {}, archive());
const image = under.images.resolver.resolve('lab:1');
const { rootfs } = under.images;
const first = await rootfs.mount('one', image);
const again = await rootfs.mount('one', image);
const second = await rootfs.mount('two', image);
const at = (path: string) => join(first.merged, path);
const found: Record<string, unknown> = {
  same: readFileSync(at('same'), 'utf8'),
  root: statSync(first.merged).mode & 0o7777,
  etc: [lstatSync(at('etc')).mode & 0o7777, lstatSync(at('etc')).uid],
  gone: existsSync(at('etc/gone')),
  opaque: readdirSync(at('opaque')),
  link: readFileSync(at('far/link'), 'utf8'),
  xattr: getXattr(at('etc/kept'), 'user.k')?.toString(),
  names: readdirSync(first.merged, 'latin1').sort(),
  mountedOnce: mounts(),
  idempotent: again.merged === first.merged,
};
writeFileSync(at('etc/kept'), 'mine');
writeFileSync(Buffer.concat([Buffer.from(`${first.merged}/`), Buffer.from([0xff, 0x61])]), 'x');
chmodSync(at('etc'), 0o700);
found['separate'] = readFileSync(join(second.merged, 'etc/kept'), 'utf8');
await rootfs.unmount('one');
found['afterFirst'] = mounts();
// Another engine, as after a restart, finds the mounts of the one before.
const successor = await OverlayRootfs.open({
  dataDir: join(under.directory, 'data/rootfs'),
  runDir: join(under.directory, 'run'),
});
await successor.mount('two', image);
found['adopted'] = mounts();
const back = await successor.mount('one', image);
found['upperSurvives'] = readFileSync(join(back.merged, 'etc/kept'), 'utf8');
await successor.remove('one');
await successor.remove('two');
await successor.remove('two');
found['afterAll'] = [
  mounts(),
  readdirSync(join(under.directory, 'data/rootfs')),
  readdirSync(join(under.directory, 'run/layers')),
];
await under.close();
process.stdout.write(`${JSON.stringify(found)}\n`);
