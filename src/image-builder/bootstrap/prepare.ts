import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Arch } from '../../core/arch.ts';
import type { DownloadProgress } from '../../platform/net/download.ts';
import { openArchive } from '../debian/archive.ts';
import type { FetchedPackage, OpenedSuite } from '../debian/archive.ts';
import type { PackageRecord } from '../debian/package-record.ts';
import { debianSuites } from '../debian/suites.ts';
import { mergeUsr } from '../tree/merged-usr.ts';
import { directory, file } from '../tree/nodes.ts';
import { FsTree } from '../tree/tree.ts';
import { choosePackages } from './choose-packages.ts';
import type { Variant } from './choose-packages.ts';
import { openContentSpool } from './content-spool.ts';
import { DPKG, dpkgDatabase } from './dpkg-database.ts';
import type { LayerFile } from './layer-file.ts';
import { writeLayer } from './layer-file.ts';
import { aptSources, POLICY_RC_D } from './own-files.ts';
import { packagesSbom } from './packages-sbom.ts';
import { readControls } from './read-controls.ts';
import { debName, stagePlan } from './second-stage.ts';
import { isLeftOut, SLIM_DPKG_CONFIG } from './slim.ts';
import { treeTar } from './tree-tar.ts';
import { newestFile, unpackPackages } from './unpack-packages.ts';

export type Release = 'trixie' | 'bookworm';

export interface PrepareOptions {
  readonly release: Release;
  readonly arch: Arch;
  readonly variant: Variant;
  /** Without manuals, translations and documentation. */
  readonly slim: boolean;
  readonly include: readonly string[];
  readonly cacheDir: string;
  readonly mirrors: { readonly main?: string | undefined; readonly security?: string | undefined };
  readonly offline: boolean;
  /** A folder of its own, for what goes to the machine. */
  readonly workDir: string;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: PrepareProgress) => void) | undefined;
}

export type PrepareProgress =
  | ({ readonly step: 'download' } & DownloadProgress)
  | { readonly step: 'unpack'; readonly done: number; readonly total: number }
  | { readonly step: 'pack' };

/** The half of an image that needs no machine. */
export interface PreparedImage {
  /** The packages' files, and dpkg's records of them. */
  readonly layer: LayerFile;
  /** What is left to do in a container, see `stagePlan`. */
  readonly plan: string;
  /** Packages that are unpacked there, by their names in the stage's folder. */
  readonly debs: readonly { readonly name: string; readonly path: string; readonly size: number }[];
  readonly packages: readonly PackageRecord[];
  /** SPDX 2.3, JSON. */
  readonly sbom: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The time of the newest file in any package, seconds since the epoch: the image's own. */
  readonly created: number;
}

/**
 * Brings Debian's packages, each verified, and unpacks them as the first layer of an image. The same packages and options
 * give the same bytes with one version of Wherry, whichever lists they were found through and whenever. A mirror of the
 * user's own makes a difference only where apt is in the image: its sources name that mirror.
 */
export async function prepareImage(options: PrepareOptions): Promise<PreparedImage> {
  const { suites, base, extra } = await fetchPackages(options);
  const fetched = [...base, ...extra];
  const records = fetched.map(({ record }) => record);
  const { signal } = options;
  const read = await readControls(fetched, signal);
  const [readBase, readExtra] = [read.slice(0, base.length), read.slice(base.length)];
  const late = readExtra.filter(({ control }) => control.has('preinst'));
  const early = read.filter((item) => !late.includes(item));

  const tree = new FsTree();
  mergeUsr(tree, options.arch);
  const spool = openContentSpool(join(options.workDir, 'contents'));
  try {
    let done = 0;
    const onPackage = (): void => {
      done += 1;
      options.onProgress?.({ step: 'unpack', done, total: early.length });
    };
    const leavesOut = options.slim ? isLeftOut : () => false;
    const unpacked = await unpackPackages(tree, spool, early, { leavesOut, onPackage, signal });
    const newest = Math.max(unpacked.newest, await newestFile(late, signal));
    const sbom = packagesSbom(options.release, records, newest);
    const sbomPath = `/var/lib/db/sbom/debian-${options.release}.spdx.json`;
    addOwnFiles(tree, newest, [
      ...dpkgDatabase(unpacked.packages),
      ['usr/sbin/policy-rc.d', POLICY_RC_D],
      [sbomPath.slice(1), sbom],
      ...(options.slim ? [SLIM_DPKG_CONFIG] : []),
      ...(records.some(({ name }) => name === 'apt')
        ? [['etc/apt/sources.list.d/debian.sources', aptSources(suites)] as const]
        : []),
    ]);
    options.onProgress?.({ step: 'pack' });
    const layer = await writeLayer(treeTar(tree), join(options.workDir, 'packages.tar.gz'), signal);
    return {
      layer,
      plan: stagePlan(readBase, late, records),
      debs: late.map(({ fetched: { record, path } }) => ({ name: debName(record), path, size: record.size })),
      packages: records,
      sbom,
      labels: labelsOf(options, records, sbomPath),
      created: newest,
    };
  } finally {
    spool.close();
  }
}

async function fetchPackages(options: PrepareOptions): Promise<{
  suites: readonly OpenedSuite[];
  base: FetchedPackage[];
  extra: FetchedPackage[];
}> {
  const { release, arch, cacheDir, mirrors, offline, signal, onProgress } = options;
  const archive = await openArchive({
    suites: await debianSuites(release, mirrors),
    arch,
    cacheDir,
    offline,
    signal,
    onProgress: (progress) => onProgress?.({ step: 'download', ...progress }),
  });
  const { base, extra } = choosePackages(archive, options.variant, options.include);
  const fetched = await archive.fetch([...base, ...extra]);
  return { suites: archive.suites, base: fetched.slice(0, base.length), extra: fetched.slice(base.length) };
}

function addOwnFiles(
  tree: FsTree,
  mtime: number,
  files: readonly (readonly [path: string, content: string | Buffer])[],
): void {
  const folders = ['', '/info', '/updates', '/alternatives', '/parts', '/triggers'].map(
    (name) => DPKG + name,
  );
  for (const path of [...folders, 'var/lib/db', 'var/lib/db/sbom'])
    if (tree.lookup(path) === undefined) tree.add(path, directory({ mtime }));
  for (const [path, content] of files) {
    const isProgram =
      path.endsWith('policy-rc.d') || /\/info\/[^/]+\.(?:pre|post)(?:inst|rm)$|\.config$/.test(path);
    tree.add(path, file(content, { mode: isProgram ? 0o755 : 0o644, mtime }));
  }
}

function labelsOf(
  options: PrepareOptions,
  records: readonly PackageRecord[],
  sbomPath: string,
): Record<string, string> {
  const lines = records.map(
    ({ name, version, architecture, sha256 }) => `${name} ${version} ${architecture} ${sha256}\n`,
  );
  const digest = createHash('sha256').update(lines.sort().join('')).digest('hex');
  return {
    'org.opencontainers.image.title': 'debian',
    'org.opencontainers.image.version': `${options.release}${options.slim ? '-slim' : ''}`,
    'org.wherry.bootstrap.variant': options.variant,
    'org.wherry.bootstrap.packages': `sha256:${digest}`,
    'org.wherry.sbom': sbomPath,
  };
}
