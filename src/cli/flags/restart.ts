import { invalidArgument } from './invalid-argument.ts';

/** `--restart NAME[:RETRIES]` as the API has it; which names there are is the engine's to say. @throws WherryError USAGE */
export function restartPolicy(text: string): { Name: string; MaximumRetryCount: number } {
  const [name = '', retries, ...rest] = text.split(':');
  const wrong = (reason: string) =>
    invalidArgument(text, '--restart', `invalid restart policy format: ${reason}`);
  if (retries === undefined) return { Name: name, MaximumRetryCount: 0 };
  if (name === '') throw wrong('no policy provided before colon');
  if (!/^-?\d+$/.test(retries) || rest.length > 0) throw wrong('maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(retries) };
}
