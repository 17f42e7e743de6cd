import { EngineError } from '../../errors.ts';
import { releaseMemory } from '../../sys/memory.ts';
import type { ImageStore } from '../image-store.ts';
import { convertLayer } from './convert.ts';
import { LayerAbandoned } from './failed-download.ts';
import type { LayerSource } from './convert.ts';
import { LAYER_LIMITS } from '../tar/layer-filter.ts';
import type { LayerLimits } from '../tar/layer-filter.ts';
import { repairLayer } from './repair-layer.ts';

/** What becomes of a layer, for whoever waits for it. Byte counts are of the compressed form. */
export type LayerEvent =
  | { readonly kind: 'downloading'; readonly current: number; readonly total: number }
  | { readonly kind: 'verifying' }
  | { readonly kind: 'downloaded' };

export type LayerListener = (event: LayerEvent) => void;

/** Opens the layer's bytes; called when its turn has come. */
export type LayerOpener = (signal: AbortSignal, listener: LayerListener) => LayerSource;

interface Job {
  readonly promise: Promise<void>;
  readonly controller: AbortController;
  readonly listeners: Set<LayerListener>;
  last: LayerEvent | undefined;
}

/** Docker's `max-concurrent-downloads`. */
const CONCURRENCY = 3;
/** After this long without work, memory goes back to the system: not while the container that was pulled for starts. */
const QUIET_MS = 10_000;

/**
 * Brings layers into the store, three at a time over all pulls. Whoever asks for a layer that is on its way already
 * joins in; the work stops when nobody waits for it any more.
 */
export class LayerPool {
  readonly #store: ImageStore;
  readonly #mkfs: string;
  readonly #limits: LayerLimits;
  readonly #jobs = new Map<string, Job>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #quiet: NodeJS.Timeout | undefined;

  constructor(store: ImageStore, mkfs: string, limits: LayerLimits = LAYER_LIMITS) {
    this.#store = store;
    this.#mkfs = mkfs;
    this.#limits = limits;
  }

  /** Resolves when the layer is in the store. @throws what the conversion throws, or the signal's reason */
  async ensure(
    diffId: string,
    open: LayerOpener,
    listener: LayerListener,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#store.layer(diffId) !== undefined) return;
      const joined = this.#jobs.get(diffId);
      try {
        await this.#wait(diffId, joined ?? this.#start(diffId, open), listener, signal);
        return;
      } catch (error) {
        // What failed was somebody else's source: a registry that lies, of a size too, must not spoil the pull from another.
        if (joined === undefined || signal.aborted) throw error;
      }
    }
  }

  async #wait(diffId: string, job: Job, listener: LayerListener, signal: AbortSignal): Promise<void> {
    job.listeners.add(listener);
    if (job.last !== undefined) listener(job.last);
    const aborted = Promise.withResolvers<never>();
    const leave = () => aborted.reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    try {
      await Promise.race([job.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      job.listeners.delete(listener);
      if (job.listeners.size === 0) {
        // A newcomer must not join what is being given up.
        if (this.#jobs.get(diffId) === job) this.#jobs.delete(diffId);
        const unwanted = new EngineError('system', 'nobody waits for this layer any more');
        job.controller.abort(signal.reason instanceof LayerAbandoned ? signal.reason : unwanted);
        // Nothing of it is under way any more, or left, when the pull has ended.
        await job.promise.catch(() => undefined);
      }
    }
  }

  #start(diffId: string, open: LayerOpener): Job {
    const controller = new AbortController();
    const listeners = new Set<LayerListener>();
    const tell = (event: LayerEvent) => {
      job.last = event;
      for (const listener of listeners) listener(event);
    };
    const promise = this.#run(diffId, open, tell, controller.signal).finally(() => {
      if (this.#jobs.get(diffId) === job) this.#jobs.delete(diffId);
    });
    promise.catch(() => undefined); // every waiter sees it; the last one may have left
    const job: Job = { promise, controller, listeners, last: undefined };
    this.#jobs.set(diffId, job);
    return job;
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      const at = this.#waiting.indexOf(resolve);
      if (at === -1) return; // its turn has come in the same moment
      this.#waiting.splice(at, 1);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.push(resolve);
    await promise.finally(() => signal.removeEventListener('abort', leave));
  }

  async #run(diffId: string, open: LayerOpener, tell: LayerListener, signal: AbortSignal): Promise<void> {
    if (this.#running >= CONCURRENCY) await this.#turn(signal);
    else this.#running++;
    clearTimeout(this.#quiet);
    try {
      signal.throwIfAborted();
      if (this.#store.layer(diffId) !== undefined) return;
      const onDownloaded = () => {
        tell({ kind: 'verifying' });
        tell({ kind: 'downloaded' });
      };
      const options = {
        directory: this.#store.content.ingest,
        partials: this.#store.content.partials,
        mkfs: this.#mkfs,
        limits: this.#limits,
        signal,
      };
      if (await repairLayer(this.#store, diffId, { options, onDownloaded })) return;
      const source = open(signal, tell);
      const layer = await convertLayer({ ...source, onDownloaded }, options);
      await this.#store.addLayer(diffId, layer);
    } finally {
      const next = this.#waiting.shift();
      if (next !== undefined) next();
      else if (--this.#running === 0) this.#quiet = setTimeout(releaseMemory, QUIET_MS).unref();
    }
  }
}
