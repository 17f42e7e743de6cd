import { createHash, randomBytes } from 'node:crypto';
import { access, chmod, link, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemErrorCode } from '../../src/core/errors.ts';
import type { TarEntry } from '../../src/image-builder/tar/entry.ts';
import { openArchive } from '../../src/image-builder/debian/archive.ts';
import { readDebs } from '../../src/image-builder/debian/deb-batch.ts';
import { debianSuites } from '../../src/image-builder/debian/suites.ts';

/** Debian programs for tests, runnable on any x86-64 Linux: they bring their own C library. */
export interface DebianTools {
  /** Wrapper scripts for the named packages' programs; put it on PATH. */
  binDir: string;
  /** The unpacked packages. */
  root: string;
  /** Wrappers of docker's CLI plugins, for `cliPluginsExtraDirs` of a DOCKER_CONFIG of your own. */
  dockerPluginsDir: string;
  /** A DOCKER_CONFIG that names that directory; the docker wrapper's default. */
  dockerConfigDir: string;
}

export interface DebianToolsOptions {
  release?: 'trixie' | 'bookworm';
  /** Where downloads are cached and tools unpacked; `.cache` of the repository otherwise. */
  cacheDir?: string;
}

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const LOADER = 'usr/lib64/ld-linux-x86-64.so.2';
const LIBRARIES = ['usr/lib/x86_64-linux-gnu', 'usr/lib', 'usr/lib/x86_64-linux-gnu/systemd'];
/** Dependencies that only maintainer scripts and services use. */
const NOT_NEEDED = [
  'perl',
  'perl-base',
  'debconf',
  'init-system-helpers',
  'adduser',
  'dpkg',
  'systemd',
  'python3',
];
/** Changes whenever the layout below does. */
const FORMAT = 1;

/**
 * Brings Debian packages (amd64) and what they depend on through Wherry's own verified fetcher, unpacks
 * them beside each other and writes a wrapper for each program of the named packages, which starts it
 * with the unpacked dynamic loader and libraries. What is there already is used as it is, without network.
 */
export async function debianTools(
  packages: readonly string[],
  options: DebianToolsOptions = {},
): Promise<DebianTools> {
  const { release = 'trixie', cacheDir = join(REPOSITORY, '.cache') } = options;
  // The wrappers hold absolute paths, so a cache that was moved is another cache.
  const key = JSON.stringify([FORMAT, release, packages.toSorted(), cacheDir]);
  const directory = join(cacheDir, 'tools', createHash('sha256').update(key).digest('hex').slice(0, 16));
  const tools: DebianTools = {
    binDir: join(directory, 'bin'),
    root: join(directory, 'root'),
    dockerPluginsDir: join(directory, 'docker-plugins'),
    dockerConfigDir: join(directory, 'docker-config'),
  };
  if (await exists(directory)) return tools;

  console.log(
    `Bringing ${packages.join(', ')} from Debian ${release} (and their libraries) into ${cacheDir}`,
  );
  const archive = await openArchive({
    suites: await debianSuites(release),
    arch: 'amd64',
    cacheDir: join(cacheDir, 'downloads'),
  });
  const records = archive.resolve(packages, { exclude: NOT_NEEDED });
  const fetched = await archive.fetch(records);

  const temporary = `${directory}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const programs: string[] = [];
    for await (const { package: unpacked, entries } of readDebs(fetched)) {
      for (const entry of entries) {
        const placed = await place(join(temporary, 'root'), entry);
        if (packages.includes(unpacked.record.name) && isProgram(entry)) programs.push(placed);
      }
    }
    await writeWrappers(temporary, directory, programs);
    await rename(temporary, directory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const code = systemErrorCode(error);
    // Another test process was faster.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
  return tools;
}

/** Debian's merged /usr: old packages still name the aliases. */
function merged(path: string): string {
  return /^(?:bin|sbin|lib|lib32|lib64|libx32)(?:\/|$)/.test(path) ? `usr/${path}` : path;
}

/** Unpacks an entry below `root`; returns its path there. Names of these packages are ASCII. */
async function place(root: string, entry: TarEntry): Promise<string> {
  const path = merged(entry.path);
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  if (entry.type === 'directory') await mkdir(target, { recursive: true });
  else if (entry.type === 'file') await writeFile(target, entry.content, { mode: entry.mode & 0o777 });
  else if (entry.type === 'hardlink') await link(join(root, merged(entry.link)), target);
  else if (entry.type === 'symlink') {
    const isAbsolute = entry.link.startsWith('/');
    const destination = isAbsolute
      ? relative(dirname(target), join(root, merged(entry.link.slice(1))))
      : entry.link;
    await symlink(destination, target);
  } else throw new Error(`${path}: a ${entry.type} is not expected in these packages`);
  return path;
}

function isProgram(entry: TarEntry): boolean {
  const isLinked = entry.type === 'symlink' || entry.type === 'hardlink';
  const runs = isLinked || (entry.type === 'file' && (entry.mode & 0o111) !== 0);
  return runs && /^(?:usr\/)?s?bin\/|^usr\/libexec\/docker\/cli-plugins\//.test(entry.path);
}

/** `temporary` becomes `directory`, which is what the wrappers name. */
async function writeWrappers(
  temporary: string,
  directory: string,
  programs: readonly string[],
): Promise<void> {
  const root = join(directory, 'root');
  const files: [string, string, number][] = [
    [
      'docker-config/config.json',
      JSON.stringify({ cliPluginsExtraDirs: [join(directory, 'docker-plugins')] }),
      0o644,
    ],
    // skopeo refuses to copy without one; the host's may not exist.
    ['policy.json', JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }), 0o644],
  ];
  for (const program of programs) {
    const name = program.slice(program.lastIndexOf('/') + 1);
    const folder = program.includes('/cli-plugins/') ? 'docker-plugins' : 'bin';
    files.push([`${folder}/${name}`, wrapper(root, program, name, directory), 0o755]);
  }
  for (const folder of ['bin', 'docker-plugins']) await mkdir(join(temporary, folder), { recursive: true });
  for (const [name, contents, mode] of files) {
    const path = join(temporary, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, contents);
    await chmod(path, mode);
  }
}

function wrapper(root: string, program: string, name: string, directory: string): string {
  const libraries = LIBRARIES.map((folder) => join(root, folder)).join(':');
  const before =
    name === 'docker'
      ? `: "\${DOCKER_CONFIG:=${join(directory, 'docker-config')}}"\nexport DOCKER_CONFIG\n`
      : '';
  const options = name === 'skopeo' ? ` --policy ${quoted(join(directory, 'policy.json'))}` : '';
  const loader = `${quoted(join(root, LOADER))} --library-path ${quoted(libraries)} --argv0 "$0"`;
  return `#!/bin/sh\n${before}exec ${loader} ${quoted(join(root, program))}${options} "$@"\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
