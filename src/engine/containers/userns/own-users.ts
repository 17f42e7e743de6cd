import { isShare } from '../../shares/contract.ts';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { OciMount } from '../../oci/spec.ts';
import { parseMountInfo } from '../../sys/mount-info.ts';
import { MNT_DETACH, idmappedMount, mountFilesystem, unmount } from '../../sys/mount.ts';
import { CLONE, setns } from '../../sys/namespaces.ts';
import { makeUserNamespace } from '../../sys/user-namespace.ts';
import type { IdRange } from '../../sys/user-namespace.ts';

/** Binds, and the engine's files (path in the container → source), with sources that show the container's ids. */
export interface OwnPlaces {
  /** A sysfs that shows a network namespace: its place. */
  sysfs(netns: string): string;
  mounts(mounts: readonly OciMount[]): readonly OciMount[];
  files(files: Readonly<Record<string, string>>): Readonly<Record<string, string>>;
}

/**
 * The user namespaces of containers that have ids of their own, and what is mounted for each with its ids:
 * `DIRECTORY/ID/{user,net}` are the namespaces, `DIRECTORY/ID/N` the rest. A container's own root gets to its mounts
 * by path, so everyone may pass through the directories; nobody may list them.
 */
export class OwnUsers {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o711 });
  }

  /** The container's user namespace, by a path that leads to it for as long as {@link release} isn't called. */
  userns(id: string): string {
    return this.#path(id, 'user');
  }

  /** The network namespace that belongs to it. */
  netns(id: string): string {
    return this.#path(id, 'net');
  }

  /** Makes the namespaces, unless they are there. */
  async open(id: string, range: IdRange): Promise<void> {
    if (this.#mounts(id).length === 2) return;
    this.release(id);
    mkdirSync(this.#path(id), { recursive: true, mode: 0o711 });
    await makeUserNamespace(range, { user: this.userns(id), net: this.netns(id) });
  }

  /** What goes into the spec of a container that is about to start. */
  of(id: string): OwnPlaces {
    const shifted = (source: string): string => this.#shifted(id, source);
    return {
      sysfs: (netns) => this.#sysfs(id, netns),
      mounts: (mounts) =>
        mounts.map((mount) =>
          mount.type === 'bind' && !isShare(mount.source)
            ? { ...mount, source: shifted(mount.source) }
            : mount,
        ),
      files: (files) =>
        Object.fromEntries(Object.entries(files).map(([target, source]) => [target, shifted(source)])),
    };
  }

  /**
   * A sysfs that shows the container's own network. crun could mount none in a user namespace that doesn't own the
   * network namespace at the time, and would bind the VM's.
   */
  #sysfs(id: string, netns: string): string {
    const point = this.#next(id, true);
    const [here, there] = [openSync('/proc/thread-self/ns/net', 'r'), openSync(netns, 'r')];
    try {
      setns(there, CLONE.NEWNET);
      try {
        mountFilesystem('sysfs', point, []);
      } finally {
        setns(here, CLONE.NEWNET);
      }
    } finally {
      closeSync(here);
      closeSync(there);
    }
    return point;
  }

  /** Idempotent. Processes that still run in the namespaces keep them. */
  release(id: string): void {
    if (!existsSync(this.#path(id))) return;
    for (const point of this.#mounts(id).toReversed()) unmount(point, MNT_DETACH);
    rmSync(this.#path(id), { recursive: true, force: true });
  }

  #shifted(id: string, source: string): string {
    const point = this.#next(id, statSync(source).isDirectory());
    const userns = openSync(this.userns(id), 'r');
    try {
      idmappedMount(source, point, userns);
    } finally {
      closeSync(userns);
    }
    return point;
  }

  /** A place for one more mount. */
  #next(id: string, directory: boolean): string {
    const point = this.#path(id, String(this.#mounts(id).length));
    if (directory) mkdirSync(point, { recursive: true, mode: 0o755 });
    else writeFileSync(point, '', { mode: 0o644 });
    return point;
  }

  #mounts(id: string): string[] {
    const below = `${this.#path(id)}/`;
    return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'))
      .map(({ point }) => point)
      .filter((point) => point.startsWith(below));
  }

  #path(id: string, ...names: string[]): string {
    return join(this.#directory, id, ...names);
  }
}
