import type { IncomingMessage } from 'node:http';
import { apiPath } from '../engine-client/api-path.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';

/** `X-Docker-Container-Path-Stat` (Docker Engine API v1.51, ContainerArchiveInfo). */
export interface PathStat {
  readonly name: string;
  readonly mode: number;
  readonly linkTarget: string;
}

/** Bits of Go's os.FileMode. */
const DIRECTORY = 2 ** 31;
const SYMLINK = 2 ** 27;
const DEVICE = 2 ** 26;
const IRREGULAR = 2 ** 19;

const has = (stat: PathStat, bit: number): boolean => Math.floor(stat.mode / bit) % 2 === 1;
export const isDirectory = (stat: PathStat): boolean => has(stat, DIRECTORY);
export const isSymlink = (stat: PathStat): boolean => has(stat, SYMLINK);
/** Why nothing can be copied over it, in docker's words; undefined where it can. */
export function unfitDestination(stat: PathStat): string | undefined {
  if (has(stat, DEVICE)) return 'got a device';
  return has(stat, IRREGULAR) ? 'got an irregular file' : undefined;
}

/** Tells of a path in a container; undefined where the engine can't tell. */
export async function containerStat(
  engine: EngineClient,
  container: string,
  path: string,
): Promise<PathStat | undefined> {
  try {
    const response = await engine.stream('HEAD', apiPath`/containers/${container}/archive`, {
      query: { path },
    });
    response.resume();
    return statOf(response);
  } catch (error) {
    if (error instanceof EngineAnswerError) return undefined;
    throw error;
  }
}

export function statOf(response: IncomingMessage): PathStat {
  const header = String(response.headers['x-docker-container-path-stat'] ?? '');
  return JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as PathStat;
}
