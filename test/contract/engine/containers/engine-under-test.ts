/**
 * The engine's containers behind its real API server, with the real conmon and crun, but one image made of a busybox
 * binary and networks that are empty namespaces. A program of its own, so that a test can run it in namespaces of its
 * own and kill it.
 *
 * usage: node engine-under-test.ts SOCKET DATA_DIR RUN_DIR BUSYBOX [CONMON CRUN INIT CGROUP USERNS]
 * It prints `ready PID`, a pid of its own namespace, once it listens.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { queryObjects } from 'node:v8';
import { createApiServer } from '../../../../src/engine/api/server.ts';
import type { Route } from '../../../../src/engine/api/route.ts';
import { volumeRoutes } from '../../../../src/engine/api/volumes/routes.ts';
import { AttachHub } from '../../../../src/engine/containers/streams/attach-hub.ts';
import { openContainers } from '../../../../src/engine/containers/open-containers.ts';
import { notFound } from '../../../../src/engine/errors.ts';
import { EventBus } from '../../../../src/engine/events.ts';
import type {
  ImageMaker,
  ImageResolver,
  ResolvedImage,
  RootfsManager,
} from '../../../../src/engine/images/contract.ts';
import { familiarReference } from '../../../../src/engine/images/reference.ts';
import type { NetworkManager } from '../../../../src/engine/networks/contract.ts';
import { diskUsage } from '../../../../src/engine/store/disk-usage.ts';
import { hasCode } from '../../../../src/engine/sys/errno.ts';
import { S_IF, makeNode, setXattr } from '../../../../src/engine/sys/files.ts';
import {
  MNT_DETACH,
  bindMount,
  idmappedMount,
  mountFilesystem,
  unmount,
} from '../../../../src/engine/sys/mount.ts';
import { Volumes } from '../../../../src/engine/volumes/volumes.ts';
import { CLONE, setns, unshare } from '../../../../src/engine/sys/namespaces.ts';

const [
  socketPath = '',
  dataDir = '',
  runDir = '',
  busybox = '',
  conmon = '/usr/bin/conmon',
  crun = '/usr/bin/crun',
  init = '/usr/bin/tini-static',
  cgroup = 'wherry',
  userns = 'host',
] = process.argv.slice(2);
// It fills its data directory: never the one that it was loaded in.
if (busybox === '') throw new Error('usage: engine-under-test.ts SOCKET DATA_DIR RUN_DIR BUSYBOX …');

const APPLETS =
  'sh unshare nc ping sed cat echo sleep true false id ls env hostname mount umount ps seq head wc dd tty stty pwd grep kill stat rm readlink ln mkdir mknod touch chmod chown cp df sort od tr'.split(
    ' ',
  );
const imageRoot = join(dataDir, 'image');
const astrayRoot = join(dataDir, 'astray');

function makeImage(): void {
  if (existsSync(imageRoot)) return; // An engine before this one made it, and its containers use it.
  for (const directory of ['bin', 'etc', 'tmp', 'dev', 'proc', 'sys', 'root']) {
    mkdirSync(join(imageRoot, directory), { recursive: true });
  }
  copyFileSync(busybox, join(imageRoot, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(imageRoot, 'bin', applet));
  writeFileSync(
    join(imageRoot, 'etc/passwd'),
    'root:x:0:0::/root:/bin/sh\nworker:x:1000:1000::/home/w:/bin/sh\n',
  );
  writeFileSync(join(imageRoot, 'etc/group'), 'root:x:0:\nwheel:x:10:worker\nworker:x:1000:\n');
  // The one applet that keeps what its set-user-id bit gives it.
  copyFileSync(busybox, join(imageRoot, 'root/ping'));
  chmodSync(join(imageRoot, 'root/ping'), 0o4755);
  writeFileSync(join(imageRoot, 'plain'), 'no program\n', { mode: 0o644 });
  makeSeed(join(imageRoot, 'seed'));
}

/** A root whose users and groups are links to files of the machine, and that has links to /proc elsewhere. */
function makeAstray(): void {
  if (existsSync(astrayRoot)) return;
  cpSync(imageRoot, astrayRoot, { recursive: true, verbatimSymlinks: true });
  symlinkSync('/proc', join(astrayRoot, 'to-proc'));
  symlinkSync('/proc/sys', join(astrayRoot, 'to-sysctl'));
  for (const name of ['passwd', 'group']) {
    writeFileSync(join(dataDir, `machine-${name}`), 'machine:x:4242:4242:machine:/root:/bin/sh\n');
    rmSync(join(astrayRoot, 'etc', name));
  }
  symlinkSync(join(dataDir, 'machine-passwd'), join(astrayRoot, 'etc/passwd'));
  symlinkSync(`${'../'.repeat(20)}${join(dataDir, 'machine-group')}`, join(astrayRoot, 'etc/group'));
}

/** Roots in which a directory that the runtime mounts on, or below, is a link to one of the machine's. */
const LINKED = ['proc', 'sys', 'dev', 'etc'];
const linkedRoot = (name: string): string => join(dataDir, `linked-${name}`);

function makeLinked(name: string): void {
  if (existsSync(linkedRoot(name))) return;
  cpSync(imageRoot, linkedRoot(name), { recursive: true, verbatimSymlinks: true });
  rmSync(join(linkedRoot(name), name), { recursive: true });
  mkdirSync(join(dataDir, `machine-${name}`));
  symlinkSync(join(dataDir, `machine-${name}`), join(linkedRoot(name), name));
}

/** Something of everything that a volume takes over from its image. */
function makeSeed(seed: string): void {
  mkdirSync(join(seed, 'sub/deep'), { recursive: true });
  writeFileSync(join(seed, 'file'), 'content\n');
  linkSync(join(seed, 'file'), join(seed, 'sub/deep/again'));
  writeFileSync(join(seed, 'setuid'), 'x');
  writeFileSync(Buffer.concat([Buffer.from(`${seed}/sub/`), Buffer.from([0xff, 0xfe])]), 'bytes');
  symlinkSync('/etc/passwd', join(seed, 'out'));
  symlinkSync('/etc', join(imageRoot, 'astray'));
  makeNode(join(seed, 'fifo'), S_IF.FIFO | 0o600);
  makeNode(join(seed, 'null'), S_IF.CHR | 0o600, 1, 3);
  setXattr(join(seed, 'file'), 'user.note', Buffer.from('kept'));
  for (const name of ['file', 'setuid', 'fifo', 'null', 'sub', 'sub/deep', '']) {
    chownSync(join(seed, name), 1000, 1001);
  }
  lchownSync(join(seed, 'out'), 1000, 1001);
  chmodSync(join(seed, 'setuid'), 0o4755);
  chmodSync(join(seed, 'file'), 0o640);
  chmodSync(join(seed, 'null'), 0o666);
  chmodSync(join(seed, 'sub'), 0o2750);
  chmodSync(seed, 0o1770);
  utimesSync(join(seed, 'file'), 1_000_000_000, 1_000_000_000);
}

const image: ResolvedImage = {
  id: `sha256:${'b'.repeat(64)}`,
  architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
  os: 'linux',
  config: { Cmd: ['sh'], Env: ['FROM_IMAGE=yes'] },
  layers: [],
};

const wishes: ResolvedImage = {
  ...image,
  id: `sha256:${'c'.repeat(64)}`,
  config: { ...image.config, Healthcheck: { Test: ['CMD', 'true'] }, Volumes: { '/data': {} } },
};

/** Its files at /seed are made in {@link makeSeed}. */
const seeded: ResolvedImage = {
  ...image,
  id: `sha256:${'d'.repeat(64)}`,
  config: { ...image.config, Volumes: { '/seed': {} } },
};

/** Its root is made in {@link makeAstray}. */
const astray: ResolvedImage = { ...image, id: `sha256:${'e'.repeat(64)}` };

const linked = LINKED.map((name): readonly [string, ResolvedImage] => [
  `linked-${name}`,
  { ...image, id: `sha256:${createHash('sha256').update(name).digest('hex')}` },
]);
const roots = new Map([
  [astray.id, astrayRoot],
  ...linked.map(([name, { id }]): [string, string] => [id, join(dataDir, name)]),
]);

const byName = new Map([
  ...Object.entries({ busybox: image, 'busybox:latest': image, wishes, seeded, astray }),
  ...linked,
]);

const images: ImageResolver = {
  resolve(reference) {
    const found = byName.get(reference) ?? [...byName.values()].find(({ id }) => id === reference);
    if (found !== undefined) return found;
    throw notFound(`No such image: ${reference}`);
  },
  acquire: () => undefined,
  release: () => undefined,
  sizeOf: () => 1_000_000,
};

const layerOf = (id: string): string => join(dataDir, 'layers', id);

function unmountIfMounted(path: string): void {
  try {
    unmount(path, MNT_DETACH);
  } catch (error) {
    if (!hasCode(error, 'EINVAL', 'ENOENT')) throw error;
  }
}

const rootfs: RootfsManager = {
  limit: () => Promise.reject(new Error('this disk has no quota')),
  async mount(id, { id: imageId }, userns) {
    const [merged = '', upper = '', work = '', shifted = ''] = ['merged', 'upper', 'work', 'lower'].map(
      (name) => join(layerOf(id), name),
    );
    if (readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${merged} `))
      return { merged, upper, lowers: [userns === undefined ? imageRoot : shifted] };
    for (const directory of [merged, upper, work]) mkdirSync(directory, { recursive: true });
    let lower = roots.get(imageId) ?? imageRoot;
    if (userns !== undefined) {
      mkdirSync(shifted, { recursive: true });
      const fd = openSync(userns, 'r');
      idmappedMount(lower, shifted, fd);
      closeSync(fd);
      lower = shifted;
      chownSync(upper, statSync(lower).uid, statSync(lower).gid);
    }
    mountFilesystem('overlay', merged, [
      ['lowerdir', lower],
      ['upperdir', upper],
      ['workdir', work],
    ]);
    return { merged, upper, lowers: [lower] };
  },
  async unmount(id) {
    unmountIfMounted(join(layerOf(id), 'merged'));
    unmountIfMounted(join(layerOf(id), 'lower'));
  },
  async size(id) {
    return existsSync(join(layerOf(id), 'upper')) ? await diskUsage(join(layerOf(id), 'upper')) : 0;
  },
  async remove(id) {
    unmountIfMounted(join(layerOf(id), 'merged'));
    unmountIfMounted(join(layerOf(id), 'lower'));
    rmSync(layerOf(id), { recursive: true, force: true });
  },
};

const netnsOf = (id: string): string => join(runDir, 'netns', id);

const networks: NetworkManager = {
  async createSandbox({ containerId, mode, netns }) {
    if (mode === 'host') return { netnsPath: undefined, endpoints: [], nameservers: ['192.0.2.53'] };
    if (typeof mode === 'object') {
      return { netnsPath: netnsOf(mode.container), endpoints: [], nameservers: ['192.0.2.53'] };
    }
    const path = netnsOf(containerId);
    mkdirSync(join(runDir, 'netns'), { recursive: true });
    writeFileSync(path, '');
    if (netns !== undefined) {
      bindMount(netns, path);
      return { netnsPath: path, endpoints: [], nameservers: ['192.0.2.53'] };
    }
    const before = openSync('/proc/self/ns/net', 'r');
    unshare(CLONE.NEWNET);
    bindMount('/proc/self/ns/net', path);
    setns(before, CLONE.NEWNET);
    closeSync(before);
    return { netnsPath: path, endpoints: [], nameservers: ['192.0.2.53'] };
  },
  async destroySandbox(id) {
    unmountIfMounted(netnsOf(id));
    rmSync(netnsOf(id), { force: true });
  },
  adoptSandbox: async () => undefined,
  connect: async () => Promise.reject(new Error('no networks here')),
  disconnect: async () => Promise.reject(new Error('no networks here')),
  lookup: () => undefined,
  hostAddress: () => undefined,
};

const events = new EventBus();
const volumes = await Volumes.open(dataDir, events);
/** Keeps what `commit` makes, for the tests to see. */
const made: { tar: string; config: object; parent: string | undefined; name: string | undefined }[] = [];
const maker: ImageMaker = {
  async make({ layer, parent, configOf, name }) {
    const pieces: Buffer[] = [];
    for await (const piece of layer.tar) pieces.push(piece);
    await layer.onRead?.();
    const tar = Buffer.concat(pieces);
    const config = configOf(tar.length === 1024 ? undefined : 'sha256:layer', undefined);
    made.push({
      tar: tar.toString('base64'),
      config,
      parent,
      name: name === undefined ? undefined : familiarReference(name),
    });
    return `sha256:${made.length}`;
  },
};
const routes: Route[] = [
  { method: 'GET', path: '/test/made', handle: (_request, response) => response.json(200, made.at(-1)) },
  { method: 'HEAD', path: '/_ping', handle: (_request, response) => response.empty(200) },
  {
    method: 'GET',
    path: '/test/events',
    handle: (_request, response) => response.json(200, events.past()),
  },
  {
    // How many there are that nothing has let go of: each count collects the garbage first. Containers, connections,
    // requests and child processes all have an emitter.
    method: 'GET',
    path: '/test/objects',
    handle: (_request, response) => {
      const counts = [EventEmitter, AttachHub].map((kind) => queryObjects(kind, { format: 'count' }));
      response.json(200, { emitters: counts[0], hubs: counts[1] });
    },
  },
];

makeImage();
makeAstray();
LINKED.forEach(makeLinked);
const containers = openContainers({
  dataDir,
  runDir,
  images,
  maker,
  rootfs,
  networks,
  volumes,
  events,
  config: {
    stallLimitMs: 1500,
    engineSocket: socketPath,
    conmon,
    crun,
    init,
    cgroupParent: `/${cgroup}`,
    userns: userns === 'auto' ? 'auto' : 'host',
  },
  onBackgroundError: (error) =>
    process.stderr.write(`background: ${String((error as Error).stack ?? error)}\n`),
});
await containers.restore();
const server = createApiServer({
  routes: [...routes, ...containers.routes, ...volumeRoutes(volumes)],
  version: '0.0.0',
  log: (level, message, fields) => process.stderr.write(`${level} ${message} ${JSON.stringify(fields)}\n`),
});
await server.listen(socketPath);
await containers.startRestored();
process.stdout.write(`ready ${process.pid}\n`);
// Killed as most of these are, it would keep nothing for the next one.
flushCompileCache();
