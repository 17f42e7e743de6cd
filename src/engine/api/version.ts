/** Versions of the Docker Engine API that this engine speaks. */
export const API_VERSION = '1.51';
export const MIN_API_VERSION = '1.24';

/** -1, 0 or 1 for `major.minor` versions. */
export function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return Math.sign(aMajor - bMajor || aMinor - bMinor);
}
