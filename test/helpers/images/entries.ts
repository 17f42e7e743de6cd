import type { TarEntry } from '../../../src/image-builder/tar/entry.ts';

type Details = Partial<Omit<TarEntry, 'path' | 'type'>>;

function entry(type: TarEntry['type'], path: string, mode: number, details: Details): TarEntry {
  return {
    type,
    path,
    link: '',
    mode,
    uid: 0,
    gid: 0,
    mtime: 1_700_000_000,
    devMajor: 0,
    devMinor: 0,
    xattrs: new Map(),
    content: Buffer.alloc(0),
    ...details,
  };
}

export const directory = (path: string, details: Details = {}): TarEntry =>
  entry('directory', path, 0o755, details);
export const file = (path: string, content: string | Buffer, details: Details = {}): TarEntry =>
  entry('file', path, 0o644, { content: Buffer.from(content as string), ...details });
export const symlink = (path: string, link: string): TarEntry => entry('symlink', path, 0o777, { link });
export const hardlink = (path: string, link: string): TarEntry => entry('hardlink', path, 0o644, { link });
/** Hides `path` of the layers below (OCI image-spec v1.1, layer.md, "Whiteouts"). */
export const whiteout = (path: string): TarEntry =>
  file(path.includes('/') ? path.replace(/([^/]+)$/, '.wh.$1') : `.wh.${path}`, '');
/** Hides everything that the layers below have in `path`. */
export const opaque = (path: string): TarEntry => file(`${path}/.wh..wh..opq`, '');

const MERGED = /^(bin|sbin|lib|lib64)(\/|$)/;

/** A package's entry as it lands in a merged-/usr root. */
export function inMergedUsr(source: TarEntry): TarEntry {
  const moved = (path: string): string => path.replace(MERGED, 'usr/$1$2');
  return {
    ...source,
    path: moved(source.path),
    link: source.type === 'hardlink' ? moved(source.link) : source.link,
  };
}

/** The root that base-files and its scripts would make. */
export function skeleton(): TarEntry[] {
  return [
    ...[
      'etc',
      'root',
      'tmp',
      'usr',
      'usr/bin',
      'usr/sbin',
      'usr/lib',
      'usr/lib64',
      'var',
      'var/lib',
      'var/tmp',
      'run',
    ].map((path) => directory(path, path.endsWith('tmp') ? { mode: 0o1777 } : {})),
    ...['bin', 'sbin', 'lib', 'lib64'].map((name) => symlink(name, `usr/${name}`)),
    file(
      'etc/passwd',
      'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\nredis:x:999:999::/data:/bin/sh\n',
    ),
    file('etc/group', 'root:x:0:\nnogroup:x:65534:\nredis:x:999:\naudio:x:29:redis\n'),
    file('etc/ld.so.conf', '/usr/local/lib\n/usr/lib/x86_64-linux-gnu\n'),
  ];
}
