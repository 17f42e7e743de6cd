/**
 * System calls for real, in a mount namespace that the test starts this program in, on a tmpfs of its own. Prints one
 * JSON object of findings.
 *
 * usage: node sys-lab.ts DIRECTORY
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SyscallError } from '../../../../src/engine/sys/errno.ts';
import {
  S_IF,
  getXattr,
  listXattrs,
  makeNode,
  removeXattr,
  setXattr,
  tryLock,
} from '../../../../src/engine/sys/files.ts';
import {
  MOUNT_ATTR,
  MS,
  OPEN_TREE_CLONE,
  bindMount,
  mount,
  mountFilesystem,
  moveMount,
  openTree,
  setMountAttributes,
  unmount,
} from '../../../../src/engine/sys/mount.ts';
import { CLONE, setns, unshare } from '../../../../src/engine/sys/namespaces.ts';

const [base = ''] = process.argv.slice(2);
const path = (name: string): string => join(base, name);
/** What a call that has to fail says. */
const failure = (call: () => unknown): string => {
  try {
    call();
    return 'no error';
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    return `${error.message} | ${error.code} ${error.errno} ${error.syscall}`;
  }
};

mount('tmpfs', base, 'tmpfs', MS.NOSUID | MS.NODEV, 'mode=700,size=1m');
for (const name of ['low1', 'low2', 'upper', 'work', 'merged', 'ro', 'bound']) mkdirSync(path(name));
writeFileSync(path('low1/one'), 'of low1');
writeFileSync(path('low2/one'), 'of low2');
writeFileSync(path('low2/two'), '2');

mountFilesystem('overlay', path('merged'), [
  ['source', 'wherry'],
  ['lowerdir+', path('low1')],
  ['lowerdir+', path('low2')],
  ['upperdir', path('upper')],
  ['workdir', path('work')],
]);
const overlay = [readdirSync(path('merged')), readFileSync(path('merged/one'), 'utf8')];
const copy = openTree(path('merged'), OPEN_TREE_CLONE);
setMountAttributes(copy, { set: MOUNT_ATTR.RDONLY });
moveMount(copy, path('ro'));
closeSync(copy);
let readOnly = '';
try {
  writeFileSync(path('ro/new'), '');
} catch (error) {
  readOnly = (error as NodeJS.ErrnoException).code ?? '';
}
unmount(path('ro'));
bindMount(path('merged/two'), path('low1/one'));
const bound = readFileSync(path('low1/one'), 'utf8');
unmount(path('low1/one'));

const file = path('low1/one');
setXattr(file, 'trusted.wherry', Buffer.from('a\0b'));
const xattrs = [
  listXattrs(file),
  getXattr(file, 'trusted.wherry')?.toString('hex'),
  getXattr(file, 'user.none') ?? null,
];
removeXattr(file, 'trusted.wherry');
makeNode(path('null'), S_IF.CHR | 0o600, 1, 3);
makeNode(path('fifo'), S_IF.FIFO | 0o600);
const locks = [openSync(file, 'r'), openSync(file, 'r')].map((fd) => tryLock(fd));

const home = readlinkSync('/proc/thread-self/ns/uts');
const homeFd = openSync('/proc/thread-self/ns/uts', 'r');
unshare(CLONE.NEWUTS);
const away = readlinkSync('/proc/thread-self/ns/uts') !== home;
setns(homeFd, CLONE.NEWUTS);

console.log(
  JSON.stringify({
    overlay,
    readOnly,
    bound,
    xattrs,
    gone: listXattrs(file),
    device: [statSync(path('null')).rdev, statSync(path('fifo')).isFIFO()],
    locks,
    namespaces: [away, readlinkSync('/proc/thread-self/ns/uts') === home],
    errors: {
      notMounted: failure(() => unmount(path('low1'))),
      missing: failure(() => bindMount(path('none'), path('bound'))),
      nul: failure(() => mount('none', `${path('bound')}\0x`, 'tmpfs')),
      option: failure(() => mountFilesystem('tmpfs', path('bound'), [['nonsense', '1']])),
      filesystem: failure(() => mountFilesystem('nosuchfs', path('bound'), [])),
    },
  }),
);
