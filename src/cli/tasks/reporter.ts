import type { Reporter } from '../../machine/context.ts';
import type { Terminal } from '../streams/terminal.ts';
import { stopwatch, type StepWork } from './stopwatch.ts';

/**
 * Progress on stderr (stdout belongs to the container): listr2's spinner on a TTY, a line a finished step elsewhere.
 * listr2 is loaded with the first step that is drawn.
 */
export function stepReporter(terminal: Terminal): Reporter {
  return {
    step: async (title, work) => {
      if (!terminal.stderr.isTTY) return plainStep(terminal, title, work);
      const { drawnStep } = await import('./drawn-step.ts');
      return drawnStep(terminal, title, work);
    },
    note: (text) => {
      terminal.stderr.write(`${text}\n`);
    },
  };
}

async function plainStep<T>(terminal: Terminal, title: string, work: StepWork<T>): Promise<T> {
  const closing = stopwatch(title);
  const { value, summary } = await work(() => undefined);
  terminal.stderr.write(`✔ ${closing(summary)}\n`);
  return value;
}
