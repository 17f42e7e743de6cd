import { posix, win32 } from 'node:path';

/**
 * A path of the user's computer as Docker's clients write it in a bind, as that computer itself writes it. On Windows
 * there are many ways: `C:\x`, `C:/x`, `/c/x` and `//c/x` (Git's and MSYS's shells, COMPOSE_CONVERT_WINDOWS_PATHS),
 * `/mnt/c/x` (WSL), `/host_mnt/c/x` and `/run/desktop/mnt/host/c/x` (Docker Desktop's own), `\\server\share\x`.
 *
 * @returns an absolute, clean path; undefined for what is none on that computer
 */
export function hostPathOf(source: string, windows: boolean): string | undefined {
  if (source.includes('\0')) return undefined;
  if (!windows) return posix.isAbsolute(source) ? withoutEnd(posix.normalize(source), 1) : undefined;
  const drive =
    /^(?:\\\\\?\\)?([A-Za-z]):(?:[\\/]|$)(.*)$/s.exec(source) ??
    /^(?:\/(?:mnt|host_mnt|run\/desktop\/mnt\/host))?\/([A-Za-z])(?:\/|$)(.*)$/s.exec(source) ??
    /^\/\/([A-Za-z])(?:\/|$)(.*)$/s.exec(source);
  if (drive !== null) {
    const [, letter = '', rest = ''] = drive;
    return withoutEnd(win32.normalize(`${letter.toUpperCase()}:\\${rest}`), 3);
  }
  if (/^(?:\\\\|\/\/)[^\\/?.][^\\/]*[\\/][^\\/]+/.test(source)) return withoutEnd(win32.normalize(source), 3);
  return undefined;
}

/** Whether the source of a bind is a path of a computer's, of whatever system, rather than the name of a volume. */
export const isHostPath = (source: string): boolean => /^(?:[/\\.~]|[A-Za-z]:[\\/])/.test(source);

/** `source:rest` of a bind, with the colon of a Windows drive left to its path; no colon: no rest. */
export function splitSource(bind: string): readonly [source: string, rest: string | undefined] {
  const colon = bind.indexOf(':', /^[A-Za-z]:[\\/].*:/s.test(bind) ? 2 : 0);
  return colon < 0 ? [bind, undefined] : [bind.slice(0, colon), bind.slice(colon + 1)];
}

function withoutEnd(path: string, shortest: number): string {
  return path.length > shortest ? path.replace(/[\\/]+$/, '') : path;
}
