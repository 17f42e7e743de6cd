import type { Terminal } from '../streams/terminal.ts';

/** A line of `POST /images/create`'s and `/images/load`'s answer (Docker Engine API, JSONMessage). */
export interface ProgressMessage {
  readonly id?: string;
  readonly status?: string;
  readonly stream?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly errorDetail?: { readonly message?: string };
  /** A push's manifest: not shown. */
  readonly aux?: object;
  readonly error?: string;
}

const FINAL = new Set([
  'Pull complete',
  'Already exists',
  'Preparing',
  'Waiting',
  'Pushed',
  'Layer already exists',
]);
const isFinal = (status: string): boolean => FINAL.has(status) || status.startsWith('Mounted from ');
const BAR = 50;

/** Draws pull progress: layers as lines that change in place on a TTY, a line a finished layer elsewhere. */
export class PullProgress {
  readonly #out: NodeJS.WriteStream;
  readonly #rows = new Map<string, number>();
  #lines = 0;

  constructor(out: Terminal['stdout']) {
    this.#out = out;
  }

  show(message: ProgressMessage): void {
    if (message.stream !== undefined) {
      this.#out.write(message.stream);
      return;
    }
    const status = message.status ?? '';
    const isLayer = message.id !== undefined && !status.startsWith('Pulling from');
    const text = message.id === undefined ? status : `${message.id}: ${status}`;
    if (!isLayer) {
      this.#out.write(`${text}\n`);
      this.#lines += 1;
      return;
    }
    if (!this.#out.isTTY) {
      if (isFinal(status)) this.#out.write(`${text}\n`);
      return;
    }
    this.#draw(message.id ?? '', `${text}${bar(message.progressDetail)}`);
  }

  #draw(id: string, text: string): void {
    const row = this.#rows.get(id);
    const cut = text.slice(0, Math.max(10, this.#out.columns - 1));
    if (row === undefined) {
      this.#rows.set(id, this.#lines);
      this.#lines += 1;
      this.#out.write(`${cut}\n`);
      return;
    }
    const up = this.#lines - row;
    this.#out.write(`\u001B[${up}A\u001B[2K\r${cut}\u001B[${up}B\r`);
  }
}

function bar(detail: ProgressMessage['progressDetail']): string {
  const { current, total } = detail ?? {};
  if (current === undefined || total === undefined || total <= 0) return '';
  const full = Math.min(BAR, Math.floor((current / total) * BAR));
  const arrow = full < BAR ? '>' : '';
  return ` [${'='.repeat(full)}${arrow}${' '.repeat(BAR - full - arrow.length)}] ${megabytes(current)}/${megabytes(total)}`;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toPrecision(4)}MB`;
