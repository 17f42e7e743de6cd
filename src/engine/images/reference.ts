import { EngineError, invalid } from '../errors.ts';

/**
 * An image's name, fully normalised: `busybox` is `{domain: 'docker.io', path: 'library/busybox'}`. Grammar: the
 * distribution project's reference grammar, as Docker clients use it (OCI distribution-spec v1.1, "Pulling manifests").
 */
export interface Reference {
  /** `docker.io`, `ghcr.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  readonly path: string;
  readonly tag?: string | undefined;
  /** `sha256:` + 64 lower-case hex digits (or sha512). */
  readonly digest?: string | undefined;
}

const DOMAIN_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = new RegExp(`^(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[(?:[a-fA-F0-9:]+)\\])(?::[0-9]+)?$`);
const PATH_PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const PATH = new RegExp(`^${PATH_PART}(?:/${PATH_PART})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;
const MAX_NAME = 255;
const HUB = 'docker.io';

const BAD = 'invalid reference format';

export const isTag = (text: string): boolean => TAG.test(text);
export const isDigest = (text: string): boolean => DIGEST.test(text);

/**
 * Parses what a person writes: `busybox`, `me/app:1`, `127.0.0.1:5000/x@sha256:…`. No tag is added.
 *
 * @throws EngineError invalidParameter, in Docker's words
 */
export function parseReference(text: string): Reference {
  if (IDENTIFIER.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  let rest = text;
  let digest: string | undefined;
  const at = rest.indexOf('@');
  if (at !== -1) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    if (!isDigest(digest)) throw invalid(BAD);
  }
  let tag: string | undefined;
  const colon = rest.indexOf(':', rest.lastIndexOf('/') + 1);
  if (colon !== -1) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!isTag(tag)) throw invalid(BAD);
  }
  const { domain, path } = splitDomain(rest);
  if (path !== path.toLowerCase() && PATH.test(path.toLowerCase())) {
    throw invalid(`${BAD}: repository name (${path}) must be lowercase`);
  }
  if (!DOMAIN.test(domain) || !PATH.test(path)) throw invalid(BAD);
  if (`${domain}/${path}`.length > MAX_NAME) {
    throw invalid(`repository name must not be more than ${MAX_NAME} characters`);
  }
  return { domain, path, tag, digest };
}

/** The first part of a name is a domain if it has a dot, a colon or upper case in it, or is `localhost`. */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isDomain =
    first !== '' && (/[.:[]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const domain = !isDomain || first === 'index.docker.io' ? HUB : first;
  const path = isDomain ? name.slice(slash + 1) : name;
  return { domain, path: domain === HUB && !path.includes('/') ? `library/${path}` : path };
}

/** `:latest` where neither tag nor digest is given. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: 'latest' };
}

/** `docker.io/library/busybox`: the key of a repository. */
export const repositoryOf = (reference: Reference): string => `${reference.domain}/${reference.path}`;

const IDENTIFIER = /^[a-f0-9]{64}$/;

/**
 * As people know it: `busybox`, `me/app`, `ghcr.io/me/app`. Where the short form would be another image's or nobody's
 * (`docker.io/ghcr.io/app`), the long one.
 */
export function familiarName(reference: Reference): string {
  if (reference.domain !== HUB) return repositoryOf(reference);
  const inLibrary = /^library\/([^/]+)$/.exec(reference.path);
  const short = inLibrary?.[1] ?? reference.path;
  const { domain, path } = splitDomain(short);
  return domain === HUB && path === reference.path && !IDENTIFIER.test(short)
    ? short
    : repositoryOf(reference);
}

/** {@link familiarName} with its tag and digest, where it has them. */
export function familiarReference(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

/** `docker.io/library/busybox:latest`: the form that is stored. */
export const canonicalReference = (reference: Reference): string =>
  repositoryOf(reference) + suffix(reference);

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

/** {@link parseReference}, or undefined for what isn't one. */
export function tryParseReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}
