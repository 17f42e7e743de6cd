import { invalidArgument } from './invalid-argument.ts';

/** `A=1` stands; `A` alone takes the caller's value, or nothing where the caller has none. */
export function environmentEntry(entry: string, env: NodeJS.ProcessEnv): string[] {
  if (entry.startsWith('=') || entry === '')
    throw invalidArgument(entry, '-e, --env', `invalid environment variable: ${entry}`);
  if (entry.includes('=')) return [entry];
  const value = env[entry];
  return value === undefined ? [] : [`${entry}=${value}`];
}
