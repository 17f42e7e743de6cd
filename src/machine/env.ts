import { WherryError } from '../core/errors.ts';
import type { MachineContext } from './context.ts';
import { machineIp, machineUrl } from './machine-url.ts';
import { renderShellScript } from './shells.ts';

export interface EnvRequest {
  readonly shell: string;
  readonly noProxy?: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The command line that was run, for the hint. */
  readonly command: string;
}

/** `machine env NAME`. The connection is local: no TLS, so docker-machine's TLS variables are cleared. */
export async function machineEnv(
  context: MachineContext,
  name: string,
  request: EnvRequest,
): Promise<string> {
  const set: Array<readonly [string, string]> = [
    ['DOCKER_TLS_VERIFY', ''],
    ['DOCKER_HOST', await machineUrl(context, name)],
    ['DOCKER_CERT_PATH', ''],
    ['DOCKER_MACHINE_NAME', name],
  ];
  if (request.platform === 'win32') set.push(['COMPOSE_CONVERT_WINDOWS_PATHS', 'true']);
  if (request.noProxy === true) {
    const variable = noProxyVariable(request.env);
    const hosts = (request.env[variable] ?? '').split(',').filter((host) => host !== '');
    const ip = await machineIp(context, name);
    set.push([variable, (hosts.includes(ip) ? hosts : [...hosts, ip]).join(',')]);
  }
  return renderShellScript({ shell: request.shell, set, unset: [], command: request.command });
}

/** `machine env -u` takes no name. Error: `UNEXPECTED_NAME`, in docker-machine's words. */
export function refuseNames(names: readonly string[]): void {
  if (names.length === 0) return;
  throw new WherryError({
    bare: true,
    code: 'UNEXPECTED_NAME',
    message: 'Error: Expected no machine name when the -u flag is present',
  });
}

/** `machine env -u`: the commands that take the variables away again. */
export function machineEnvUnset(request: EnvRequest): string {
  const unset = ['DOCKER_TLS_VERIFY', 'DOCKER_HOST', 'DOCKER_CERT_PATH', 'DOCKER_MACHINE_NAME'];
  if (request.platform === 'win32') unset.push('COMPOSE_CONVERT_WINDOWS_PATHS');
  if (request.noProxy === true) unset.push(noProxyVariable(request.env));
  return renderShellScript({ shell: request.shell, set: [], unset, command: request.command });
}

function noProxyVariable(env: Readonly<Record<string, string | undefined>>): 'no_proxy' | 'NO_PROXY' {
  return env['no_proxy'] === undefined || env['no_proxy'] === '' ? 'NO_PROXY' : 'no_proxy';
}
