import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';

/** Where things are on this computer. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** The user's home directory. */
  readonly home: string;
}

export interface Search {
  /** The program's path. */
  readonly found: string | undefined;
  /** The directories that docker would look in, in its order; PATH comes after them. */
  readonly lookedIn: readonly string[];
}

/** docker's own lists (docker CLI, cli-plugins/manager), and where Docker Desktop and Homebrew put theirs. */
const SYSTEM_DIRECTORIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    '/usr/local/lib/docker/cli-plugins',
    '/usr/local/libexec/docker/cli-plugins',
    '/usr/lib/docker/cli-plugins',
    '/usr/libexec/docker/cli-plugins',
  ],
  darwin: [
    '/usr/local/lib/docker/cli-plugins',
    '/usr/local/libexec/docker/cli-plugins',
    '/usr/lib/docker/cli-plugins',
    '/usr/libexec/docker/cli-plugins',
    '/opt/homebrew/lib/docker/cli-plugins',
    '/Applications/Docker.app/Contents/Resources/cli-plugins',
  ],
};

/** Looks for docker's compose plugin where docker does, and for a `docker-compose` on PATH after that. */
export function findComposePlugin(surroundings: Surroundings): Search {
  const { platform, env, home } = surroundings;
  const config = env['DOCKER_CONFIG'] || join(home, '.docker');
  const lookedIn = [
    join(config, 'cli-plugins'),
    ...extraDirectories(join(config, 'config.json')),
    ...(platform === 'win32' ? windowsDirectories(env) : (SYSTEM_DIRECTORIES[platform] ?? [])),
  ];
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  const name = platform === 'win32' ? 'docker-compose.exe' : 'docker-compose';
  const found = [...lookedIn, ...onPath].map((directory) => join(directory, name)).find(isProgram);
  return { found, lookedIn };
}

function windowsDirectories(env: NodeJS.ProcessEnv): string[] {
  return ['ProgramData', 'ProgramFiles'].flatMap((name) => {
    const base = env[name];
    return base === undefined ? [] : [join(base, 'Docker', 'cli-plugins')];
  });
}

/** `cliPluginsExtraDirs` of docker's configuration; a file that can't be understood is docker's to complain of. */
function extraDirectories(path: string): string[] {
  try {
    const config = JSON.parse(readFileSync(path, 'utf8')) as { cliPluginsExtraDirs?: unknown } | null;
    const extra = config?.cliPluginsExtraDirs;
    return Array.isArray(extra) ? extra.filter((directory) => typeof directory === 'string') : [];
  } catch (error) {
    if (error instanceof SyntaxError || systemErrorCode(error) !== undefined) return [];
    throw error;
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (systemErrorCode(error) !== undefined) return false;
    throw error;
  }
}
