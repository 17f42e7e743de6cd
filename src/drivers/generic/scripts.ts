import { readFile } from 'node:fs/promises';
import { WherryError } from '../../core/errors.ts';
import type { RemoteHost, RemoteResult } from '../remote.ts';

/** The scripts that ship with Wherry. Those that are named here are for root, save `preflight`. */
export type ScriptName = 'preflight' | 'stage' | 'append' | 'finish' | 'install' | 'start' | 'remove';
export type HostFile = 'service.sh' | 'wherry-engine.service';

const FOLDER = new URL('../../../vm-images/generic/', import.meta.url);

/** A script or file of the host's. A checkout with CRLF line ends (git on Windows) gives the same. */
export async function hostFile(name: `${ScriptName}.sh` | HostFile): Promise<string> {
  return (await readFile(new URL(name, FOLDER), 'utf8')).replaceAll('\r\n', '\n');
}

/**
 * Runs a script of ours on the host: `sh -c SCRIPT` with its words behind it, as root where it says so.
 *
 * @param user root needs no sudo
 */
export async function runScript(
  remote: RemoteHost,
  name: ScriptName,
  words: readonly string[],
  how: { readonly user: string } & Parameters<RemoteHost['run']>[1],
): Promise<RemoteResult> {
  const { user, ...options } = how;
  const script = await hostFile(`${name}.sh`);
  const argv = ['sh', '-c', script, `wherry-${name}`, ...words];
  const asRoot = user === 'root' || name === 'preflight' ? argv : ['sudo', '-n', ...argv];
  return remote.run(asRoot.map(shellWord).join(' '), options);
}

/** {@link runScript} that has to work. @throws WherryError HOST_SCRIPT_FAILED with its last words */
export async function mustRunScript(...args: Parameters<typeof runScript>): Promise<string> {
  const [, name] = args;
  const { status, stdout, stderr } = await runScript(...args);
  if (status === 0) return stdout;
  const said = stderr.trim().split('\n').slice(-20).join('\n');
  throw new WherryError({
    code: 'HOST_SCRIPT_FAILED',
    message:
      status === undefined
        ? `the connection to the host was lost (step: ${name})`
        : `the host could not do the step "${name}" (exit ${status})${said === '' ? '' : `: ${said}`}`,
  });
}

/** A word for a POSIX shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
