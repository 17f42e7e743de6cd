import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, systemErrorCode } from '../core/errors.ts';
import type { PathInputs } from '../platform/paths.ts';
import type { ProxyConfig, RegistryCertificates } from '../protocol/boot/config-disk.ts';
import { certificatesOf, proxyProblem } from './engine-settings.ts';
import type { EngineSettings } from './store/machine-config.ts';

/** What a machine's engine is given of this computer's way to registries, and what the user should know of it. */
export interface WayOut {
  readonly proxy: ProxyConfig;
  readonly certificates: RegistryCertificates;
  readonly notes: readonly string[];
}

/**
 * The proxies of this computer's environment (as Docker Desktop, Lima and podman machine pass them), each variable
 * replaced by the machine's own where `--engine-env` set one; the machine's certificates, and those of docker's
 * `certs.d` directories for single registries.
 */
export async function wayOut(engine: EngineSettings, inputs: PathInputs): Promise<WayOut> {
  const notes: string[] = [];
  const hosts = await certificateDirectories(inputs, notes);
  return {
    proxy: proxies(engine.env ?? [], inputs.env, notes),
    certificates: { all: engine.certificateAuthorities ?? [], hosts },
    notes,
  };
}

function proxies(own: readonly string[], env: PathInputs['env'], notes: string[]): ProxyConfig {
  const set = new Map(own.map((entry) => [entry.split('=', 1)[0], entry.slice(entry.indexOf('=') + 1)]));
  const value = (name: string): string | undefined => {
    const chosen = set.get(name) ?? (env[name] || env[name.toLowerCase()]);
    return chosen === '' ? undefined : chosen;
  };
  const proxy = (name: string): string | undefined => {
    const address = value(name);
    const problem = address === undefined ? undefined : proxyProblem(address);
    if (problem === undefined) return address;
    notes.push(`Note: this computer's ${name} is not used to reach registries: ${problem}`);
    return undefined;
  };
  const [http, https, no] = [proxy('HTTP_PROXY'), proxy('HTTPS_PROXY'), value('NO_PROXY')];
  return {
    ...(http === undefined ? {} : { http }),
    ...(https === undefined ? {} : { https }),
    ...(no === undefined ? {} : { no }),
  };
}

/** `~/.docker/certs.d/HOST[:PORT]/*.crt`, as Docker Desktop reads them. */
async function certificateDirectories(
  { env, homeDirectory }: PathInputs,
  notes: string[],
): Promise<Record<string, string[]>> {
  const root = join(env['DOCKER_CONFIG'] || join(homeDirectory, '.docker'), 'certs.d');
  const hosts: Record<string, string[]> = {};
  for (const host of await namesIn(root, notes)) {
    const found: string[] = [];
    for (const name of await namesIn(join(root, host), notes)) {
      const path = join(root, host, name);
      if (name.endsWith('.cert'))
        notes.push(`Note: ${path} is not used: client certificates are not supported`);
      if (!name.endsWith('.crt')) continue;
      try {
        found.push(...certificatesOf(await readFile(path, 'utf8'), path));
      } catch (error) {
        notes.push(`Note: ${path} is not used: ${messageOf(error)}`);
      }
    }
    if (found.length > 0) hosts[host] = found;
  }
  return hosts;
}

async function namesIn(directory: string, notes: string[]): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      notes.push(`Note: ${directory} is not used: ${messageOf(error)}`);
    return [];
  }
}
