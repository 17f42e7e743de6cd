import { notFound } from '../errors.ts';
import type { ImageConfig } from './manifest.ts';
import { formatPlatform, selectPlatform } from './platform.ts';
import type { Platform } from './platform.ts';

export function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return { os: os === '' ? 'linux' : os, architecture, ...(variant ? { variant } : {}) };
}

/** @throws EngineError notFound, in moby's words, for an image of another platform than the one that was asked for */
export function requirePlatform(id: string, config: ImageConfig, wanted: Platform | undefined): void {
  const platform = platformOf(config);
  if (wanted === undefined || selectPlatform([{ platform }], wanted) !== undefined) return;
  throw notFound(
    `image with reference ${id} was found but its platform (${formatPlatform(platform)}) does not match the specified platform (${formatPlatform(wanted)})`,
  );
}
