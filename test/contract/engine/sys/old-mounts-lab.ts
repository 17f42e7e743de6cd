/**
 * The mounts as kernels before 6.12 and 6.8 take them, in a mount namespace that the test starts this program in. Prints
 * one JSON object of findings.
 *
 * usage: node old-mounts-lab.ts DIRECTORY LAYER.erofs
 */
import { closeSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  detachedOverlayByText,
  mountErofs,
  mountErofsByLoop,
  mountOverlay,
  mountOverlayByText,
} from '../../../../src/engine/sys/layer-mounts.ts';
import { MS, mount, unmount } from '../../../../src/engine/sys/mount.ts';

const [base = '', layer = ''] = process.argv.slice(2);
const path = (name: string): string => join(base, name);
const LOWERS = 120;

const loops = (): number =>
  readdirSync('/sys/block').filter((name) => {
    if (!name.startsWith('loop')) return false;
    try {
      return readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim() === layer;
    } catch {
      return false; // not in use
    }
  }).length;

mount('tmpfs', base, 'tmpfs', MS.NOSUID | MS.NODEV, 'mode=700,size=4m');
for (const name of ['short', 'loop', 'upper', 'work', 'merged', 'new']) mkdirSync(path(name));
mountErofs(layer, path('short'));
mountErofsByLoop(layer, path('loop'));
const same = [path('short'), path('loop')].map((point) => readFileSync(join(point, 'file'), 'utf8'));
const mountedLoops = loops();
unmount(path('loop'));

// Names that mean something in an option's text.
const lowers = Array.from({ length: LOWERS }, (_, at) =>
  path(`a long name, with: what separates options, ${at}`),
);
for (const [at, lower] of lowers.entries()) {
  mkdirSync(lower);
  writeFileSync(join(lower, 'top'), String(at));
  writeFileSync(join(lower, String(at)), '');
}
const before = process.cwd();
mountOverlayByText(path('merged'), { lowers, writable: { upper: path('upper'), work: path('work') } });
writeFileSync(path('merged/mine'), 'mine');
const merged = [readFileSync(path('merged/top'), 'utf8'), readdirSync(path('merged')).length];
unmount(path('merged'));

const detached = detachedOverlayByText({ lowers });
const seen = readFileSync(`/proc/self/fd/${detached}/top`, 'utf8');
closeSync(detached);

// What is wrong in both ways says so.
let refusal = '';
try {
  mountOverlay(path('new'), {
    lowers: [path('nowhere')],
    writable: { upper: path('upper'), work: path('work') },
  });
} catch (error) {
  refusal = (error as NodeJS.ErrnoException).code ?? '';
}

console.log(
  JSON.stringify({
    same,
    mountedLoops,
    merged,
    upper: readFileSync(path('upper/mine'), 'utf8'),
    seen,
    cwd: process.cwd() === before,
    refusal,
  }),
);
