import { askYesOrNo } from '../streams/ask.ts';
import type { Terminal } from '../streams/terminal.ts';

export interface ConsentRules {
  /** `--yes` was given. */
  readonly yes: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * Whether Wherry may run `command` on this computer: by `--yes`, by `CI=true`, or by an answer at the prompt. Without a
 * TTY to ask at, the answer is no.
 */
export async function askConsent(command: string, terminal: Terminal, rules: ConsentRules): Promise<boolean> {
  if (rules.yes || rules.env['CI'] === 'true') {
    terminal.stderr.write(`Running: ${command}\n`);
    return true;
  }
  if (!terminal.stdin.isTTY || !terminal.stderr.isTTY) return false;
  return askYesOrNo(
    `Run this now?  ${command}  [y/N] `,
    { input: terminal.stdin, output: terminal.stderr },
    rules.signal,
  );
}
