import type { StepOutcome } from '../../machine/context.ts';

export type StepWork<T> = (say: (line: string) => void) => Promise<StepOutcome<T>>;

const TITLE_WIDTH = 30;

/** Starts a step's clock. @returns what makes its closing line: title, summary, time taken */
export function stopwatch(title: string): (summary: string) => string {
  const started = performance.now();
  return (summary) =>
    `${title.padEnd(TITLE_WIDTH)} ${summary === '' ? '' : `${summary}  `}(${((performance.now() - started) / 1000).toFixed(1)} s)`;
}
