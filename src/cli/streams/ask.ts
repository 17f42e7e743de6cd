import { createInterface } from 'node:readline';

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
