import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Terminal } from '../streams/terminal.ts';

export interface StepOutcome<T> {
  readonly value: T;
  readonly summary: string;
}

const TITLE_WIDTH = 30;

/**
 * One step with progress on stderr: a listr2 spinner on a TTY, a line when it's done elsewhere. A step that fails throws
 * its own error; who called renders it.
 */
export async function runStep<T>(
  terminal: Terminal,
  title: string,
  body: (say: (line: string) => void) => Promise<StepOutcome<T>>,
): Promise<T> {
  const started = performance.now();
  const closing = (summary: string): string =>
    `${title.padEnd(TITLE_WIDTH)} ${summary}  (${((performance.now() - started) / 1000).toFixed(1)} s)`;
  if (!terminal.stderr.isTTY) {
    const { value, summary } = await body(() => undefined);
    terminal.stderr.write(`✔ ${closing(summary)}\n`);
    return value;
  }
  let outcome: StepOutcome<T> | undefined;
  const list = new Listr(
    [
      {
        title,
        task: async (_, task) => {
          outcome = await body((line) => {
            task.output = line;
          });
          task.title = closing(outcome.summary);
        },
      },
    ],
    {
      rendererOptions: {
        // listr2 draws on stdout; that belongs to the container.
        logger: new ListrLogger({ processOutput: new ProcessOutput(terminal.stderr, terminal.stderr) }),
      },
    },
  );
  await list.run();
  if (outcome === undefined) throw new Error(`${title} ended without a result`);
  return outcome.value;
}
