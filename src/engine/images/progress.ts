import { humanSize } from '../../core/units.ts';

/** One line of a progress stream (Docker Engine API v1.51: `POST /images/create`, `/images/load`). */
export interface ProgressLine {
  readonly status?: string | undefined;
  readonly stream?: string | undefined;
  readonly progressDetail?: { readonly current?: number; readonly total?: number } | undefined;
  readonly progress?: string | undefined;
  readonly id?: string | undefined;
  /** What clients read without showing it: of a push, the manifest. */
  readonly aux?: Readonly<Record<string, unknown>> | undefined;
  readonly errorDetail?: { readonly message: string; readonly code?: number } | undefined;
  readonly error?: string | undefined;
}

export type ProgressSink = (line: ProgressLine) => void;

const BAR = 50;
/** At most ten lines a second for each layer. */
const THROTTLE_MS = 100;

/** `[=====>      ]  1.2MB/3.4MB`, as Docker draws it. */
export function progressBar(current: number, total: number): string {
  const filled = Math.min(BAR, Math.floor((current / Math.max(1, total)) * BAR));
  const bar = `${'='.repeat(filled)}>${' '.repeat(BAR - filled)}`;
  return `[${bar}] ${humanSize(current).padStart(7)}/${humanSize(total)}`;
}

/** Lines for a layer's bytes; too many of them are left out, the last one never. */
export function throttledBytes(sink: ProgressSink, status: string, id: string, now: () => number = Date.now) {
  let last = Number.NEGATIVE_INFINITY;
  return (current: number, total: number): void => {
    const at = now();
    if (current < total && at - last < THROTTLE_MS) return;
    last = at;
    sink({ status, progressDetail: { current, total }, progress: progressBar(current, total), id });
  };
}

/** A layer's or image's id as progress lines show it: 12 hex digits of a digest. */
export const shortId = (digest: string): string => digest.slice('sha256:'.length, 'sha256:'.length + 12);
