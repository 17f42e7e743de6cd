import { WherryError } from '../../core/errors.ts';
import { cachedBytes, digestOf, storeBytes } from '../../platform/net/digest-cache.ts';
import { shownUrl } from '../../platform/net/errors.ts';
import { getBytes } from '../../platform/net/get-bytes.ts';
import type { ArchiveContext } from './context.ts';
import { badRelease, parseRelease } from './release.ts';
import type { Release } from './release.ts';
import { CLOCK_TOLERANCE_MS, verifyCleartext } from './signature.ts';
import { readSuiteState, writeSuiteState } from './suite-state.ts';
import type { SuiteState } from './suite-state.ts';
import type { SuiteSource } from './suites.ts';

/** A verified InRelease, and the suite's state after accepting it. */
export interface VerifiedRelease {
  release: Release;
  state: SuiteState;
}

/** trixie's has 140 kB. */
const MAX_BYTES = 4 << 20;

/**
 * Brings a suite's InRelease and refuses it unless a pinned key signed it, it is the suite that was asked
 * for, it is neither expired nor from the future, and not older than the newest one seen before. Only then
 * is it kept and the suite's state moved forward. An unchanged file costs one conditional request.
 */
export async function loadRelease(context: ArchiveContext, source: SuiteSource): Promise<VerifiedRelease> {
  const { cacheDir } = context;
  const name = `InRelease of ${source.suite}`;
  const url = `${source.mirror}/dists/${source.suite}/InRelease`;
  const seen = await readSuiteState(cacheDir, source.suite);
  const cached =
    seen === undefined
      ? undefined
      : await cachedBytes(cacheDir, { algorithm: 'sha256', hex: seen.inRelease }, name);

  const { bytes, etag, lastModified } = await obtain(context, url, name, seen, cached);
  const shown = `${name} (${shownUrl(url)})`;
  const { text } = await verifyCleartext(bytes.toString('utf8'), source.keys, context.now(), shown);
  const release = parseRelease(text, shown);
  requireAcceptable(release, source, shown, seen, context.now());

  const digest = digestOf('sha256', bytes);
  const state: SuiteState = {
    date: release.date.toISOString(),
    inRelease: digest.hex,
    url,
    etag,
    lastModified,
    indexes: seen?.indexes ?? {},
  };
  if (digest.hex !== seen?.inRelease) await storeBytes(cacheDir, digest, bytes, name);
  if (JSON.stringify(state) !== JSON.stringify(seen)) await writeSuiteState(cacheDir, source.suite, state);
  return { release, state };
}

async function obtain(
  context: ArchiveContext,
  url: string,
  name: string,
  seen: SuiteState | undefined,
  cached: Buffer | undefined,
): Promise<{ bytes: Buffer; etag?: string | undefined; lastModified?: string | undefined }> {
  const known =
    seen !== undefined && cached !== undefined ? { etag: seen.etag, lastModified: seen.lastModified } : {};
  if (context.offline) {
    if (cached !== undefined) return { bytes: cached, ...known };
    throw new WherryError({
      code: 'OFFLINE',
      message: `${name} is not in the cache and may not be fetched (offline)`,
    });
  }
  const fetched = await getBytes(context.get, url, {
    maxBytes: MAX_BYTES,
    known: seen?.url === url ? known : {},
    signal: context.signal,
    ...(context.retry === undefined ? {} : { retry: context.retry }),
  });
  if (fetched.bytes !== undefined) return { bytes: fetched.bytes, ...fetched.validators };
  if (cached === undefined)
    throw badRelease(name, 'the mirror says it is unchanged, but none was seen before');
  return { bytes: cached, ...known };
}

function requireAcceptable(
  release: Release,
  source: SuiteSource,
  shown: string,
  seen: SuiteState | undefined,
  now: Date,
): void {
  if (release.codename !== source.suite && release.suite !== source.suite) {
    throw badRelease(
      shown,
      `it is the one of ${release.codename ?? release.suite ?? 'an unnamed suite'}; nothing was kept`,
    );
  }
  if (release.validUntil !== undefined && release.validUntil.getTime() < now.getTime()) {
    throw new WherryError({
      code: 'RELEASE_EXPIRED',
      message: `${shown} expired on ${release.validUntil.toISOString()}; nothing was kept`,
      hint: `The mirror is stale, or this computer's clock is wrong (it says ${now.toISOString()}). Try another mirror.`,
    });
  }
  if (release.date.getTime() > now.getTime() + CLOCK_TOLERANCE_MS) {
    throw new WherryError({
      code: 'RELEASE_FROM_FUTURE',
      message: `${shown} is dated ${release.date.toISOString()}, which is in the future; nothing was kept`,
      hint: `Check this computer's clock: it says ${now.toISOString()}.`,
    });
  }
  if (seen !== undefined && release.date.getTime() < Date.parse(seen.date)) {
    throw new WherryError({
      code: 'RELEASE_ROLLED_BACK',
      message: `${shown} is dated ${release.date.toISOString()}, older than the ${seen.date} seen before; nothing was kept`,
      hint: 'The mirror is behind, or somebody replays an old state of the archive. Try again later, or another mirror.',
    });
  }
}
