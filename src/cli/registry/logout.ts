import { messageOf } from '../../core/errors.ts';
import type { Terminal } from '../streams/terminal.ts';
import type { Credentials } from './credentials.ts';
import { INDEX_SERVER, serverKey } from './server-address.ts';

/** Forgets a registry's credentials, under each of the names that docker has kept them by over the years. */
export async function logout(
  credentials: Pick<Credentials, 'erase'>,
  server: string,
  terminal: Terminal,
): Promise<void> {
  const key = serverKey(server);
  terminal.stdout.write(`Removing login credentials for ${key}\n`);
  const spellings =
    key === INDEX_SERVER ? [key] : [...new Set([server, key, `http://${key}`, `https://${key}`])];
  const problems: string[] = [];
  for (const name of spellings) {
    try {
      await credentials.erase(name);
    } catch (error) {
      problems.push(`${name}: ${messageOf(error)}`);
    }
  }
  // With one of them gone the rest are names that were never used.
  if (problems.length < spellings.length) return;
  terminal.stderr.write(`WARNING: could not erase credentials:\n${problems.join('\n')}\n`);
}
