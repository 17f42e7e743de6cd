import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Reporter, StepOutcome } from '../../machine/context.ts';
import type { Terminal } from '../streams/terminal.ts';

const TITLE_WIDTH = 30;

/** Progress on stderr (stdout belongs to the container): listr2's spinner on a TTY, a line a finished step elsewhere. */
export function stepReporter(terminal: Terminal): Reporter {
  return {
    step: (title, work) =>
      terminal.stderr.isTTY ? drawnStep(terminal, title, work) : plainStep(terminal, title, work),
    note: (text) => {
      terminal.stderr.write(`${text}\n`);
    },
  };
}

type Work<T> = (say: (line: string) => void) => Promise<StepOutcome<T>>;

async function plainStep<T>(terminal: Terminal, title: string, work: Work<T>): Promise<T> {
  const closing = stopwatch(title);
  const { value, summary } = await work(() => undefined);
  terminal.stderr.write(`✔ ${closing(summary)}\n`);
  return value;
}

/** A step that fails throws its own error; who called renders it, below the crossed line. */
async function drawnStep<T>(terminal: Terminal, title: string, work: Work<T>): Promise<T> {
  const closing = stopwatch(title);
  let outcome: StepOutcome<T> | undefined;
  const list = new Listr(
    [
      {
        title,
        task: async (_, task) => {
          outcome = await work((line) => {
            task.output = line;
          });
          task.title = closing(outcome.summary);
        },
      },
    ],
    {
      rendererOptions: {
        showErrorMessage: false,
        logger: new ListrLogger({ processOutput: new ProcessOutput(terminal.stderr, terminal.stderr) }),
      },
    },
  );
  await list.run();
  if (outcome === undefined) throw new Error(`${title} ended without a result`);
  return outcome.value;
}

function stopwatch(title: string): (summary: string) => string {
  const started = performance.now();
  return (summary) =>
    `${title.padEnd(TITLE_WIDTH)} ${summary}  (${((performance.now() - started) / 1000).toFixed(1)} s)`;
}
