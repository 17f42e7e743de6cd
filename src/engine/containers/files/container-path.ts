import { normalize } from 'node:path/posix';

/**
 * A path of the archive API as moby takes it: absolute, `.` and `..` taken out as they are written, and what its end
 * says kept: `/` for "this is a directory", `/.` for "what is in it".
 */
export function cleanPath(path: string): string {
  const clean = normalize(`/${path}`).replace(/(?<=.)\/+$/, '');
  if (/(?:^|\/)\.$/.test(path)) return clean === '/' ? '/.' : `${clean}/.`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}
