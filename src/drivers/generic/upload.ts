import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { WherryError } from '../../core/errors.ts';
import type { BootImage } from '../driver.ts';
import type { RemoteHost } from '../remote.ts';
import { mustRunScript } from './scripts.ts';

/**
 * Brings the image's system disk, which holds the engine and all that it runs, to the host: not at all where it is
 * there, and only the rest where an upload was cut short. What has arrived is compared by its sha256.
 *
 * @param owner the machine's name
 * @throws WherryError HOST_SCRIPT_FAILED
 */
export async function uploadImage(
  remote: RemoteHost,
  image: BootImage,
  who: { readonly user: string; readonly owner: string },
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(image.systemDisk);
  const digest = await sha256Of(image.systemDisk, signal);
  const words = [digest, digest, String(size), who.owner];
  const said = (await mustRunScript(remote, 'stage', words, { user: who.user })).trim();
  if (said === 'have') return;
  const there = Number(said);
  if (!Number.isSafeInteger(there) || there < 0 || there > size) {
    throw new WherryError({
      code: 'HOST_SCRIPT_FAILED',
      message: `the host said "${said}" where it should count bytes`,
    });
  }
  if (there < size) {
    const rest = createReadStream(image.systemDisk, { start: there, signal });
    // Fast: the SSH connection takes tens of megabytes a second, and half of what Node is are zeros and repetitions.
    const packed = createGzip({ level: 1, chunkSize: 256 * 1024 });
    rest.once('error', (error) => packed.destroy(error));
    await mustRunScript(remote, 'append', [digest], { user: who.user, input: rest.pipe(packed) });
  }
  await mustRunScript(remote, 'finish', [digest, digest], { user: who.user });
}

/** The image's id on the host, too: equal bytes are equal. */
export async function sha256Of(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal });
  return hash.digest('hex');
}
