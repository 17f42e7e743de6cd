import type { ContainerConfig } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';
import type { ImageRunConfig } from '../../images/contract.ts';
import { mergeHealthcheck } from '../health/config.ts';

/**
 * The user's configuration on top of the image's, by moby's rules (daemon/commit.go merge): the image's command counts
 * only if the user gave neither command nor entrypoint; `--entrypoint ""` clears the image's; variables and labels of
 * the user win by name.
 */
export function mergeConfig(user: ContainerConfig, image: ImageRunConfig): ContainerConfig {
  const command = mergeCommand(user, image);
  return {
    ...user,
    ...command,
    User: user.User || (image.User ?? ''),
    Env: mergeEnv(user.Env, image.Env ?? []),
    WorkingDir: user.WorkingDir || (image.WorkingDir ?? ''),
    Labels: { ...image.Labels, ...user.Labels },
    Volumes: { ...pathsOf(image.Volumes), ...user.Volumes },
    Healthcheck: mergeHealthcheck(user.Healthcheck, image.Healthcheck),
    StopSignal: user.StopSignal || (image.StopSignal ?? ''),
    ExposedPorts: { ...portsOf(image), ...user.ExposedPorts },
  };
}

const pathsOf = (volumes: ImageRunConfig['Volumes']): Record<string, Record<string, unknown>> =>
  Object.fromEntries(Object.keys(volumes ?? {}).map((path) => [path, {}]));

function portsOf(image: ImageRunConfig): Record<string, Record<string, unknown>> {
  return Object.fromEntries(Object.keys(image.ExposedPorts ?? {}).map((port) => [port, {}]));
}

function mergeCommand(
  user: ContainerConfig,
  image: ImageRunConfig,
): Pick<ContainerConfig, 'Cmd' | 'Entrypoint'> {
  const given = user.Entrypoint ?? [];
  if (given.length === 1 && given[0] === '') return { Cmd: user.Cmd, Entrypoint: null };
  if (given.length > 0) return { Cmd: user.Cmd, Entrypoint: given };
  const ownCommand = (user.Cmd ?? []).length > 0;
  return {
    Cmd: ownCommand ? user.Cmd : copyOf(image.Cmd),
    Entrypoint: user.Entrypoint === null ? copyOf(image.Entrypoint) : user.Entrypoint,
  };
}

const copyOf = (words: readonly string[] | null | undefined): string[] | null =>
  words === null || words === undefined ? null : [...words];

function mergeEnv(user: readonly string[], image: readonly string[]): string[] {
  const names = new Set(user.map(nameOf));
  return [...user, ...image.filter((entry) => !names.has(nameOf(entry)))];
}

const nameOf = (entry: string): string => entry.split('=', 1)[0] ?? '';

/** Entrypoint and command in one. @throws EngineError invalidParameter `no command specified` */
export function argvOf(config: Pick<ContainerConfig, 'Cmd' | 'Entrypoint'>): string[] {
  const argv = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (argv.length === 0) throw invalid('no command specified');
  return argv;
}
