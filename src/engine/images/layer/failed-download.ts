import { EngineError } from '../../errors.ts';
import { RegistryAnswer, RegistryTransportError, RegistryUnreachable } from '../registry/errors.ts';
import { isTransient } from '../registry/retry.ts';
import { StorageError } from './disk-guard.ts';
import { MkfsKilled } from './mkfs-failure.ts';

/** Why a layer is given up that nothing is wrong with: something else of its image is. What came of it is of no use. */
export class LayerAbandoned extends Error {
  constructor(cause: unknown) {
    super('another part of the image failed', { cause });
    this.name = 'LayerAbandoned';
  }
}

/**
 * What becomes of the part of a layer that has come when it fails: it is kept for the next attempt where the network, a
 * refusal or this machine is to blame, and goes where what was sent is wrong. Bytes that were there before an attempt
 * aren't trusted then (a crash of the machine may have garbled them): it is made anew, without them.
 */
export function fateOfPart(error: unknown, signal?: AbortSignal): 'kept' | 'gone' | 'anew' {
  if (error instanceof StorageError) return 'gone';
  if (signal?.aborted === true) return signal.reason instanceof LayerAbandoned ? 'gone' : 'kept';
  const cause = error instanceof EngineError && error.cause !== undefined ? error.cause : error;
  if (cause instanceof RegistryAnswer) {
    return isTransient(cause) || cause.status === 401 || cause.status === 403 ? 'kept' : 'gone';
  }
  if (cause instanceof RegistryTransportError || cause instanceof RegistryUnreachable) return 'kept';
  // What isn't ours to word (EMFILE, EIO) is this machine's.
  return error instanceof MkfsKilled || !(error instanceof EngineError) ? 'kept' : 'anew';
}
