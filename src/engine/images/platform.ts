import { invalid } from '../errors.ts';

/** OCI image-spec v1.1, image-index.md, `platform`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
}

const ARCHITECTURE_ALIASES: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
  i386: ['386'],
};

/** The platform that this engine runs containers for. */
export function nativePlatform(nodeArch: string = process.arch): Platform {
  if (nodeArch === 'x64') return { os: 'linux', architecture: 'amd64' };
  if (nodeArch === 'arm64') return { os: 'linux', architecture: 'arm64', variant: 'v8' };
  return { os: 'linux', architecture: nodeArch };
}

/** `linux/arm64/v8`, `linux/amd64`, `arm64`. @throws EngineError invalidParameter */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw invalid(
      `"${text}" is an invalid OS-and-architecture specifier: unknown operating system or architecture`,
    );
  }
  const [first = '', second, third] = parts;
  if (second === undefined) {
    return first === 'linux' ? nativePlatform() : normalizePlatform({ os: 'linux', architecture: first });
  }
  return normalizePlatform({ os: first, architecture: second, variant: third });
}

export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/** One spelling of each platform: `aarch64` is arm64, arm64's variant is v8, arm's v7 where none is given. */
export function normalizePlatform(platform: Platform): Platform {
  const [architecture, aliasVariant] = ARCHITECTURE_ALIASES[platform.architecture] ?? [platform.architecture];
  const variant = platform.variant === '' ? undefined : (platform.variant ?? aliasVariant);
  if (architecture === 'arm64') return { os: platform.os, architecture, variant: variant ?? 'v8' };
  if (architecture === 'arm') return { os: platform.os, architecture, variant: variant ?? 'v7' };
  return { os: platform.os, architecture, ...(variant === undefined ? {} : { variant }) };
}

/** How well `offered` serves `wanted`: 0 exactly, more is worse, undefined not at all (arm v7 runs v6 and v5). */
function distance(wanted: Platform, offered: Platform): number | undefined {
  const [want, have] = [normalizePlatform(wanted), normalizePlatform(offered)];
  if (want.os !== have.os || want.architecture !== have.architecture) return undefined;
  if (want.variant === have.variant) return 0;
  const [wantLevel, haveLevel] = [variantLevel(want.variant), variantLevel(have.variant)];
  if (wantLevel === undefined || haveLevel === undefined || haveLevel > wantLevel) return undefined;
  return wantLevel - haveLevel;
}

/** `v8` → 8. No variant is the lowest level of an architecture: amd64 is v1. */
function variantLevel(variant: string | undefined): number | undefined {
  if (variant === undefined) return 1;
  const match = /^v(\d+)$/.exec(variant);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The best entry for a platform; the first of equals. Entries without one, or `unknown/unknown`, are never chosen. */
export function selectPlatform<T extends { readonly platform?: Platform | undefined }>(
  entries: readonly T[],
  wanted: Platform,
): T | undefined {
  let best: T | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    if (entry.platform === undefined || entry.platform.os === 'unknown') continue;
    const far = distance(wanted, entry.platform);
    if (far !== undefined && far < bestDistance) [best, bestDistance] = [entry, far];
  }
  return best;
}
