import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '../../contract/engine/containers/client.ts';
import { isGone } from '../engine-kills/load.ts';
import type { CrashImage } from './images.ts';

export const OPERATIONS = ['pull', 'load', 'remove', 'tag', 'prune'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Told: what the engine answered. Cut off: it was gone before it had. */
export type Outcome =
  | { readonly kind: 'acknowledged'; readonly ms: number }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'cut off' };

/** One request of a client. */
export interface Asked {
  readonly operation: Operation;
  readonly image: CrashImage;
  outcome?: Outcome;
}

/** An engine, and what the harness brings to it. */
export interface Store {
  readonly client: Client;
  /** `HOST:PORT` of the slow registry as the engine sees it. */
  readonly registry: string;
  /** `docker save` of each image, by its name. */
  readonly archives: Map<string, Buffer>;
}

export const referenceOf = ({ registry }: Store, { name }: CrashImage): string =>
  `${registry}/crash/${name}:1`;
export const extraNameOf = ({ name }: CrashImage): string => `crash-extra:${name}`;

/** An engine that was asked and neither answers nor goes is a failure, too. */
const PATIENCE_MS = 180_000;

/** Asks, and notes what the engine says to it. */
export async function ask(store: Store, asked: Asked): Promise<Outcome> {
  const started = performance.now();
  const impatience = new AbortController();
  try {
    const failure = await Promise.race([
      refusal(store, asked),
      delay(PATIENCE_MS, undefined, { signal: impatience.signal }).then(() => {
        throw new Error(`${asked.operation} of ${asked.image.name} had no answer within ${PATIENCE_MS} ms`);
      }),
    ]);
    asked.outcome =
      failure === undefined
        ? { kind: 'acknowledged', ms: performance.now() - started }
        : { kind: 'refused', message: failure };
  } catch (error) {
    if (!isGone(error)) throw error;
    asked.outcome = { kind: 'cut off' };
  } finally {
    impatience.abort();
  }
  return asked.outcome;
}

/** @returns what the engine says against it, or undefined @throws Error when it ends without an answer */
async function refusal(store: Store, { operation, image }: Asked): Promise<string | undefined> {
  const { client, registry, archives } = store;
  if (operation !== 'pull' && operation !== 'load') {
    const [method, path] = requestFor(operation, image);
    const { status, text } = await client.call(method, path);
    // That it isn't there any more is what was wanted.
    return status < 400 || (operation === 'remove' && status === 404) ? undefined : text;
  }
  const { text } =
    operation === 'pull'
      ? await client.upload(`/images/create?fromImage=${registry}/crash/${image.name}&tag=1`)
      : await client.upload('/images/load', archives.get(image.name));
  const [message] = /"message":"[^"]*"/.exec(text) ?? [];
  // The last line of either; a stream that just ends is not an acknowledgement.
  if (message === undefined && !/"status":"Status: |Loaded image: /.test(text)) throw cutOff(text);
  return message;
}

function requestFor(operation: 'remove' | 'tag' | 'prune', { id, name }: CrashImage): [string, string] {
  if (operation === 'remove') return ['DELETE', `/images/${id}?force=1`];
  if (operation === 'tag') return ['POST', `/images/${id}/tag?repo=crash-extra&tag=${name}`];
  return ['POST', '/images/prune'];
}

const cutOff = (text: string): Error =>
  Object.assign(new Error(`the answer ended early: ${text}`), { code: 'ECONNRESET' });
