import type { Terminal } from '../streams/terminal.ts';
import { stopwatch, type StepWork } from './stopwatch.ts';

/** In a log a minute without a line looks like a hang, and a line a second drowns the others. */
const EVERY_MS = 10_000;

/**
 * A step for a stream that isn't a terminal: a line when it is done, and while it lasts, one now and then with what it
 * is at. No line is ever drawn over.
 */
export async function plainStep<T>(
  { stderr }: Pick<Terminal, 'stderr'>,
  title: string,
  work: StepWork<T>,
  everyMs = EVERY_MS,
): Promise<T> {
  const line = stopwatch(title);
  let latest = '';
  const timer = setInterval(() => stderr.write(`… ${line(latest)}\n`), everyMs);
  timer.unref();
  try {
    const { value, summary } = await work((said) => {
      latest = said;
    });
    stderr.write(`✔ ${line(summary)}\n`);
    return value;
  } finally {
    clearInterval(timer);
  }
}
