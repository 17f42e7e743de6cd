import { normalize } from 'node:path/posix';
import { invalid } from '../../errors.ts';

/**
 * Where in a container something may be mounted: an absolute path, not its root, and nothing of /proc, whose files the
 * kernel and the runtime trust (the class of runc's CVE-2019-16884 and CVE-2023-27561).
 *
 * @param context what precedes the message
 * @returns the path without `.`, `..` and needless slashes
 * @throws EngineError invalidParameter in Docker's words
 */
export function cleanDestination(destination: string, context: string): string {
  if (destination === '') throw invalid(`${context}field Target must not be empty`);
  if (!destination.startsWith('/')) {
    throw invalid(`${context}invalid mount path: '${destination}' mount path must be absolute`);
  }
  const clean = normalize(destination).replace(/(?<=.)\/+$/, '');
  if (clean === '/') throw invalid(`${context}invalid specification: destination can't be '/'`);
  if (clean === '/proc' || clean.startsWith('/proc/')) {
    throw invalid(`${context}"${clean}" cannot be mounted because it is inside /proc`);
  }
  return clean;
}
