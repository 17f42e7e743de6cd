import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, rmdir, stat, chmod, chown, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { diskUsage } from '../store/disk-usage.ts';
import { invalid } from '../errors.ts';
import { removeTree } from '../store/remove-tree.ts';
import { hasCode } from '../sys/errno.ts';
import { parseMountInfo } from '../sys/mount-info.ts';
import { mountErofs, mountOverlay } from '../sys/layer-mounts.ts';
import { MNT_DETACH, idmappedMount, unmount } from '../sys/mount.ts';
import { hasProjectQuota } from '../sys/project-quota.ts';
import type { ResolvedImage, Rootfs, RootfsManager } from './contract.ts';
import { forgetLimit, limitDirectory } from './root-quota.ts';

export interface RootfsOptions {
  /** On the data disk: `CONTAINER/{upper,work}`. */
  readonly dataDir: string;
  /** On a tmpfs, gone with the VM: mount points, and which layers each container uses. */
  readonly runDir: string;
}

/**
 * Layers are EROFS files, mounted without loop devices where the kernel can (Linux 6.12:
 * CONFIG_EROFS_FS_BACKED_BY_FILE), each once for all containers that use it; overlayfs puts them under the container's own directory. Which mounts there are is read from
 * the kernel, so an engine that was restarted goes on where its predecessor stopped.
 */
export class OverlayRootfs implements RootfsManager {
  readonly #dataDir: string;
  readonly #layersDir: string;
  readonly #rootsDir: string;
  /** One mount or unmount at a time: the counts below and the kernel's table have to agree. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(options: RootfsOptions) {
    this.#dataDir = options.dataDir;
    this.#layersDir = join(options.runDir, 'layers');
    this.#rootsDir = join(options.runDir, 'rootfs');
  }

  static async open(options: RootfsOptions): Promise<OverlayRootfs> {
    const manager = new OverlayRootfs(options);
    for (const directory of [manager.#dataDir, manager.#layersDir]) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    }
    mkdirSync(manager.#rootsDir, { recursive: true, mode: 0o711 });
    // Removals that a crash cut short.
    for (const name of readdirSync(manager.#dataDir)) {
      if (name.startsWith('.removed-')) await removeTree(join(manager.#dataDir, name));
    }
    return manager;
  }

  async limit(containerId: string, bytes: number): Promise<void> {
    if (!hasProjectQuota(this.#dataDir)) {
      throw invalid("the size of a container can't be limited: the data disk's ext4 has no project quota");
    }
    const own = join(this.#dataDir, containerId);
    await mkdir(own, { mode: OWN_MODE });
    limitDirectory(own, bytes);
  }

  async mount(containerId: string, image: ResolvedImage, userns?: string): Promise<Rootfs> {
    return await this.#exclusive(async () => {
      const own = join(this.#dataDir, containerId);
      const [upper, work] = [join(own, 'upper'), join(own, 'work')];
      const merged = join(this.#rootsDir, containerId, 'merged');
      const layers = image.layers.map(({ diffId }) => this.#layerPoint(diffId)).toReversed(); // the topmost comes first
      if (layers.length === 0) layers.push(await this.#emptyLayer());
      const lowers = userns === undefined ? layers : layers.map((_, at) => this.#lowerPoint(containerId, at));
      const mounted = mountPoints();
      if (mounted.has(merged)) return { merged, upper, lowers };
      // The root of a container with ids of its own is nobody here, and has to get to its files.
      await mkdir(merged, { recursive: true, mode: userns === undefined ? 0o700 : 0o711 });
      await this.#writeUse(
        containerId,
        image.layers.map(({ diffId }) => diffId),
      );
      try {
        for (const layer of image.layers) await this.#mountLayer(layer.diffId, layer.file, mounted);
        if (userns !== undefined) await mountShifted(layers, lowers, userns);
        await makeUpper(own, upper, work, lowers[0] ?? '');
        mountOverlay(merged, { lowers, writable: { upper, work } });
      } catch (error) {
        await this.#release(containerId);
        throw error;
      }
      return { merged, upper, lowers };
    });
  }

  async size(containerId: string): Promise<number> {
    return await diskUsage(join(this.#dataDir, containerId, 'upper'));
  }

  async unmount(containerId: string): Promise<void> {
    await this.#exclusive(async () => {
      if (!existsSync(join(this.#rootsDir, containerId))) return;
      const merged = join(this.#rootsDir, containerId, 'merged');
      if (mountPoints().has(merged)) unmount(merged, MNT_DETACH);
      await this.#release(containerId);
    });
  }

  async remove(containerId: string): Promise<void> {
    await this.unmount(containerId);
    const grave = join(this.#dataDir, `.removed-${randomUUID()}`);
    try {
      await rename(join(this.#dataDir, containerId), grave);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw error;
    }
    forgetLimit(grave, this.#dataDir);
    await removeTree(grave);
  }

  async #mountLayer(diffId: string, file: string, mounted: ReadonlySet<string>): Promise<void> {
    const point = this.#layerPoint(diffId);
    if (mounted.has(point)) return;
    await mkdir(point, { recursive: true, mode: 0o700 });
    if (mountPoints().has(point)) return; // the same layer twice in one image
    mountErofs(file, point);
  }

  /** Forgets a container's use of its layers, and unmounts those that nobody uses any more. */
  async #release(containerId: string): Promise<void> {
    const diffIds = await this.#readUse(containerId);
    const own = `${join(this.#rootsDir, containerId, 'lower')}/`;
    for (const point of mountPoints()) if (point.startsWith(own)) unmount(point, MNT_DETACH);
    await rm(join(this.#rootsDir, containerId), { recursive: true, force: true });
    const used = new Set<string>();
    for (const other of await readdir(this.#rootsDir))
      for (const diffId of await this.#readUse(other)) used.add(diffId);
    const mounted = mountPoints();
    for (const diffId of new Set(diffIds)) {
      const point = this.#layerPoint(diffId);
      if (used.has(diffId) || !mounted.has(point)) continue;
      unmount(point, MNT_DETACH);
      await rmdir(point);
    }
  }

  /** Where a container has a layer to itself, with its own ids. */
  #lowerPoint(containerId: string, at: number): string {
    return join(this.#rootsDir, containerId, 'lower', String(at));
  }

  #layerPoint(diffId: string): string {
    return join(this.#layersDir, diffId.slice('sha256:'.length));
  }

  async #emptyLayer(): Promise<string> {
    const empty = join(this.#layersDir, 'empty');
    await mkdir(empty, { recursive: true, mode: 0o755 });
    return empty;
  }

  async #writeUse(containerId: string, diffIds: readonly string[]): Promise<void> {
    await writeFile(join(this.#rootsDir, containerId, 'layers.json'), JSON.stringify(diffIds));
  }

  /** None for a list that a killed engine didn't write to its end: it is written before the first of its mounts. */
  async #readUse(containerId: string): Promise<string[]> {
    try {
      return JSON.parse(await readFile(join(this.#rootsDir, containerId, 'layers.json'), 'utf8')) as string[];
    } catch (error) {
      if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return [];
      throw error;
    }
  }

  async #exclusive<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(action);
    this.#queue = result.catch(() => undefined); // the caller sees the failure
    return await result;
  }
}

const OWN_MODE = 0o710;
/** Mounts layers once more each, with the ids of a user namespace. */
async function mountShifted(
  layers: readonly string[],
  points: readonly string[],
  userns: string,
): Promise<void> {
  const namespace = openSync(userns, 'r');
  try {
    for (const [at, point] of points.entries()) {
      await mkdir(point, { recursive: true, mode: 0o700 });
      idmappedMount(layers[at] ?? '', point, namespace);
    }
  } finally {
    closeSync(namespace);
  }
}

/** The container's root directory takes its mode and owner from upper: they have to be the image's. */
async function makeUpper(own: string, upper: string, work: string, top: string): Promise<void> {
  await mkdir(own, { recursive: true, mode: OWN_MODE });
  await mkdir(work, { recursive: true, mode: 0o700 });
  try {
    await mkdir(upper);
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return;
    throw error;
  }
  const root = await stat(top);
  await chown(upper, root.uid, root.gid);
  await chmod(upper, root.mode & 0o7777);
}

/** Mount points of this mount namespace. */
function mountPoints(): Set<string> {
  return new Set(parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')).map(({ point }) => point));
}
