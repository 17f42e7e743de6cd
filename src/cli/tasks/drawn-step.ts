import { Listr, ListrLogger, ProcessOutput } from 'listr2';
import type { Terminal } from '../streams/terminal.ts';
import { stopwatch, type StepWork } from './stopwatch.ts';

/** A step that fails throws its own error; who called renders it, below the crossed line. */
export async function drawnStep<T>(terminal: Terminal, title: string, work: StepWork<T>): Promise<T> {
  const closing = stopwatch(title);
  let outcome: Awaited<ReturnType<StepWork<T>>> | undefined;
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
