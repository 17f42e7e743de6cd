import { EngineError } from '../../errors.ts';
import { StorageError } from './disk-guard.ts';

/** It was ended by somebody else, as the kernel does without memory: no fault of the layer. */
export class MkfsKilled extends EngineError {}

/** mkfs.erofs gives its reasons as text alone; `[Error 28]` is ENOSPC. */
export function mkfsFailed(
  name: string,
  complaint: string,
  killed: NodeJS.Signals | null,
  cause?: unknown,
): EngineError {
  if (complaint.includes('[Error 28]')) return new StorageError(complaint);
  const said = complaint
    .replaceAll(/<E> erofs:\s*/g, '')
    .trim()
    .split('\n')[0];
  // Nobody else sends it this one.
  const why = killed === 'SIGKILL' ? ' (the machine may have run out of memory)' : '';
  const died = killed === null ? 'mkfs.erofs failed' : `mkfs.erofs was ended by ${killed}${why}`;
  const reason = said === undefined || said === '' ? died : said;
  const Failure = killed === null ? EngineError : MkfsKilled;
  return new Failure('system', `failed to register layer ${name}: ${reason}`, cause);
}
