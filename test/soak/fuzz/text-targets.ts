import { isDeepStrictEqual } from 'node:util';
import { EngineError } from '../../../src/engine/errors.ts';
import { diffIdsOf, readConfig } from '../../../src/engine/images/layers.ts';
import { MANIFEST_TYPES, checkIsImage, parseManifest } from '../../../src/engine/images/manifest.ts';
import {
  canonicalReference,
  familiarReference,
  isDigest,
  parseReference,
} from '../../../src/engine/images/reference.ts';
import { parseChallenges } from '../../../src/engine/images/registry/challenge.ts';
import { nextLink } from '../../../src/engine/images/registry/link.ts';
import { mutated, mutatedJson } from './mutate.ts';
import type { Target } from './target.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const OCI = 'application/vnd.oci.image';
const CONFIG = {
  architecture: 'amd64',
  os: 'linux',
  created: '2026-01-01T00:00:00Z',
  config: {
    Env: ['PATH=/bin'],
    Cmd: ['sh'],
    Labels: { a: 'b' },
    ExposedPorts: { '80/tcp': {} },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 1 },
  },
  rootfs: { type: 'layers', diff_ids: [digest('a'), digest('b')] },
  history: [{ created_by: 'x', empty_layer: true }],
};
const MANIFEST = {
  schemaVersion: 2,
  mediaType: `${OCI}.manifest.v1+json`,
  config: { mediaType: `${OCI}.config.v1+json`, digest: digest('c'), size: 10 },
  layers: [{ mediaType: `${OCI}.layer.v1.tar+gzip`, digest: digest('d'), size: 20, annotations: { k: 'v' } }],
};
const INDEX = {
  schemaVersion: 2,
  manifests: [
    {
      mediaType: `${OCI}.manifest.v1+json`,
      digest: digest('e'),
      size: 5,
      platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
    },
  ],
};
const DOCUMENTS = [CONFIG, MANIFEST, INDEX].map((document) => Buffer.from(JSON.stringify(document)));
const TYPES = ['', 'application/json', `${OCI}.index.v1+json`, ...MANIFEST_TYPES] as const;

/** @returns undefined where the reader refuses in its own way @throws anything else */
function refusing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

const manifestTarget: Target = {
  name: 'manifest',
  make: (random) =>
    random.chance(70)
      ? mutatedJson(random, random.pick(DOCUMENTS))
      : mutated(random, random.pick(DOCUMENTS), DOCUMENTS),
  check: (input, random) => {
    const document = refusing(() => parseManifest(input, random.pick(TYPES) || undefined));
    if (document?.kind === 'index') {
      if (document.manifests.some((entry) => !isDigest(entry.digest))) return 'an entry without a digest';
    } else if (document !== undefined) {
      refusing(() => checkIsImage(document));
      const bad = [document.config, ...document.layers].find(
        (one) => !isDigest(one.digest) || !Number.isSafeInteger(one.size) || one.size < 0,
      );
      if (bad !== undefined) return `a descriptor ${JSON.stringify(bad)}`;
    }
    const config = refusing(() => readConfig(input));
    if (config === undefined) return undefined;
    const diffIds = refusing(() => diffIdsOf(config, 2));
    if (diffIds?.every(isDigest) === false) return 'a diffID that is none';
    return isDeepStrictEqual(
      refusing(() => readConfig(Buffer.from(JSON.stringify(config)))),
      config,
    )
      ? undefined
      : 'the config is another when it is read again';
  },
};

const PARTS = [
  'a',
  'library',
  'localhost',
  'Docker.io',
  'docker.io',
  'index.docker.io',
  'x.y',
  'a_b',
  'a__b',
  'a--b',
  '127.0.0.1:5000',
  '[::1]:80',
  'b:1',
  'f'.repeat(64),
] as const;
const SUFFIXES = ['', '', ':1', ':latest', `@${digest('1')}`, `:v1.0@${digest('2')}`] as const;
const NAMES = ['busybox', 'me/app:1', `localhost:5000/x/y@${digest('3')}`, 'ghcr.io/a/b-c_d.e:Tag'].map(
  (name) => Buffer.from(name),
);

/** A name that is read is the same name when it is written and read again, in the long form and in the short. */
const referenceTarget: Target = {
  name: 'reference',
  make: (random) => {
    if (random.chance(40)) return mutated(random, random.pick(NAMES), NAMES);
    const parts = Array.from({ length: 1 + random.below(4) }, () => random.pick(PARTS));
    return Buffer.from(parts.join('/') + random.pick(SUFFIXES));
  },
  check: (input) => {
    const text = input.toString('utf8');
    const reference = refusing(() => parseReference(text));
    if (reference === undefined) return undefined;
    if (`${reference.domain}/${reference.path}`.length > 255) return 'it is too long';
    if (/\.\.|\/\/|[^\x21-\x7e]/.test(reference.path)) return `the path ${reference.path}`;
    for (const written of [canonicalReference(reference), familiarReference(reference)]) {
      const again = refusing(() => parseReference(written));
      if (!isDeepStrictEqual(again, reference)) return `${written} is ${JSON.stringify(again)}`;
    }
    return undefined;
  },
};

const HEADERS = [
  'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
  'Basic realm="x", Bearer realm="y\\"z" , error=invalid_token',
  'Negotiate YII==, NTLM',
  '</v2/x/tags/list?last=b&n=2>; rel="next", <https://a/b>; rel=prev',
].map((header) => Buffer.from(header));

const headerTarget: Target = {
  name: 'header',
  make: (random) => mutated(random, random.pick(HEADERS), HEADERS),
  check: (input) => {
    const text = input.toString('latin1');
    const challenges = parseChallenges(text);
    for (const { scheme, parameters } of challenges) {
      if (scheme === '' || scheme !== scheme.toLowerCase()) return `the scheme "${scheme}"`;
      if (Object.values(parameters).some((value) => typeof value !== 'string'))
        return 'a parameter that is no text';
    }
    const written = challenges
      .map(({ scheme, parameters }) => {
        const quoted = Object.entries(parameters).map(
          ([key, value]) => `${key}="${value.replaceAll(/["\\]/g, '\\$&')}"`,
        );
        return `${scheme} ${quoted.join(',')}`;
      })
      .join(', ');
    if (!isDeepStrictEqual(parseChallenges(written), challenges)) return `${written} is read in another way`;
    const link = nextLink(text);
    return link === undefined || (text.includes(`<${link}>`) && !link.includes('>'))
      ? undefined
      : `the link ${link}`;
  },
};

export const TEXT_TARGETS: readonly Target[] = [manifestTarget, referenceTarget, headerTarget];
