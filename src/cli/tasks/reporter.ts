import type { Reporter } from '../../machine/context.ts';
import type { Terminal } from '../streams/terminal.ts';
import { plainStep } from './plain-step.ts';

/** A reporter that can be told to say no more than notes: what a user should know is told all the same. */
export interface StepReporter extends Reporter {
  hush(): void;
}

/**
 * Progress on stderr (stdout belongs to the container): listr2's spinner on a TTY, plain lines elsewhere. listr2 is
 * loaded with the first step that is drawn.
 */
export function stepReporter(terminal: Terminal): StepReporter {
  let quiet = false;
  return {
    step: async (title, work) => {
      if (quiet) return (await work(() => undefined)).value;
      if (!terminal.stderr.isTTY) return plainStep(terminal, title, work);
      const { drawnStep } = await import('./drawn-step.ts');
      return drawnStep(terminal, title, work);
    },
    note: (text) => {
      terminal.stderr.write(`${text}\n`);
    },
    hush: () => {
      quiet = true;
    },
  };
}
