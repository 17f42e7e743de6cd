import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * Asks one question on a terminal or a pipe. The end of input is no answer.
 * @returns whether the answer begins with y or Y
 */
export async function askYesOrNo(
  question: string,
  streams: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream },
  signal: AbortSignal,
): Promise<boolean> {
  const prompt = createInterface(streams);
  try {
    return await new Promise<boolean>((resolve, reject) => {
      prompt.once('close', () => resolve(false));
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      prompt.question(question, (answer) => resolve(/^y/i.test(answer.trim())));
    });
  } finally {
    prompt.close();
    streams.input.unref?.();
  }
}

/**
 * Asks for one line on a terminal. With `hidden`, what is typed isn't shown.
 * @returns the line; undefined where the input ends before
 */
export async function askLine(
  question: string,
  streams: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream },
  options: { readonly hidden: boolean; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { input, output } = streams;
  // The question before this one may have let it go.
  input.ref?.();
  // What readline echoes goes nowhere; the question itself is written past it.
  const echo = options.hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : output;
  const prompt = createInterface({ input, output: echo, terminal: true });
  try {
    if (options.hidden) output.write(question);
    return await new Promise<string | undefined>((resolve, reject) => {
      prompt.once('close', () => resolve(undefined));
      // In raw mode Ctrl-C is a key.
      prompt.once('SIGINT', () => reject(new DOMException('interrupted', 'AbortError')));
      options.signal.addEventListener('abort', () => reject(options.signal.reason as Error), { once: true });
      prompt.question(options.hidden ? '' : question, resolve);
    });
  } finally {
    prompt.close();
    if (options.hidden) output.write('\n');
    input.unref?.();
  }
}
