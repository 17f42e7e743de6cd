import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CONFIG_FILES, engineConfig } from '../protocol/boot/config-disk.ts';
import type { EngineConfig } from '../protocol/boot/config-disk.ts';
import { hasCode } from './sys/errno.ts';

/** `engine.json` of the config disk; the defaults where there is none. @throws Error for a file that isn't valid */
export function readEngineConfig(file: string): EngineConfig {
  const text = readIfThere(file);
  if (text === undefined) return engineConfig.parse({ configVersion: 1, machineName: 'default' });
  const parsed = engineConfig.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${file}: ${parsed.error.message}`);
  return parsed.data;
}

/** What the host calls the engine's socket, from the file beside `engine.json`; none where an older host left none. */
export function readSocketAliases(file: string): string[] {
  const path = readIfThere(join(dirname(file), CONFIG_FILES.dockerSocket)) ?? '';
  return path === '' ? [] : [path];
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
