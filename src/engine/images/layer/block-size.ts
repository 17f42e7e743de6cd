import { release } from 'node:os';

/** Linux reads EROFS of smaller blocks than its pages from here on (6.4, "erofs: set block size to the on-disk block size"). */
const SMALL_BLOCKS_SINCE = [6, 4] as const;

/**
 * mkfs.erofs's options for how files lie in a layer. In small blocks, and with their ends in blocks of their own, files'
 * data goes from the archive to its place at once. With the ends beside the inodes, as older kernels get it, it is
 * written twice, behind the file system first; 4 KiB for each end would cost much more room.
 *
 * @param kernel uname's release, of the kernel that will mount it
 */
export function layoutOptions(kernel: string = release()): readonly string[] {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const [since, sinceMinor] = SMALL_BLOCKS_SINCE;
  const isNew = major > since || (major === since && minor >= sinceMinor);
  return isNew ? ['-E^inline_data', '-b512'] : [];
}
