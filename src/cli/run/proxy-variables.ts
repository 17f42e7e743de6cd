import { homedir } from 'node:os';
import * as z from 'zod';
import { messageOf } from '../../core/errors.ts';
import { dockerUrl } from '../../machine/docker-url.ts';
import type { Host } from '../host.ts';
import { dockerConfigPath, readDockerConfig } from '../registry/docker-config.ts';

/** docker's configuration, `proxies`: by the engine's address, or `default` (docker docs, "Use a proxy server with the Docker CLI"). */
const configured = z.record(
  z.string(),
  z.object({
    httpProxy: z.string().optional(),
    httpsProxy: z.string().optional(),
    noProxy: z.string().optional(),
    ftpProxy: z.string().optional(),
    allProxy: z.string().optional(),
  }),
);

const VARIABLES = {
  httpProxy: 'HTTP_PROXY',
  httpsProxy: 'HTTPS_PROXY',
  noProxy: 'NO_PROXY',
  ftpProxy: 'FTP_PROXY',
  allProxy: 'ALL_PROXY',
} as const;

/** `-e`'s entries and, after them, the proxies of docker's configuration, in both cases: docker's client adds them, too. */
export async function environmentWithProxies(
  host: Host,
  flags: { readonly machine?: string | undefined; readonly env?: readonly string[] | undefined },
): Promise<readonly string[]> {
  const { env = [], machine } = flags;
  const path = dockerConfigPath(process.env, homedir());
  try {
    const { raw } = await readDockerConfig(path);
    if (raw['proxies'] === undefined) return env;
    const url = dockerUrl(host.machines.store.files(host.machineName(machine)).dockerSocket);
    return [...env, ...proxyVariables(raw['proxies'], url, env)];
  } catch (error) {
    // With docker, too, a broken configuration keeps nothing from running.
    host.reporter.note(`WARNING: ${messageOf(error)}`);
    return env;
  }
}

/**
 * The variables that aren't among `given`. @param proxies the configuration's, of any form
 * @param url the engine's address
 * @throws Error for another form
 */
export function proxyVariables(proxies: unknown, url: string, given: readonly string[]): string[] {
  if (proxies === undefined || proxies === null) return [];
  const parsed = configured.safeParse(proxies);
  if (!parsed.success) throw new Error(`docker's configuration: proxies has the wrong form`);
  const chosen = parsed.data[url] ?? parsed.data['default'] ?? {};
  const names = new Set(given.map((entry) => entry.split('=', 1)[0]));
  return Object.entries(VARIABLES).flatMap(([key, name]) => {
    const value = chosen[key as keyof typeof VARIABLES] ?? '';
    const wanted = value === '' ? [] : [name, name.toLowerCase()];
    return wanted.filter((variable) => !names.has(variable)).map((variable) => `${variable}=${value}`);
  });
}
