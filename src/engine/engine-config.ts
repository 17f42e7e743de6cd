import { readFileSync } from 'node:fs';
import { engineConfig } from '../protocol/boot/config-disk.ts';
import type { EngineConfig } from '../protocol/boot/config-disk.ts';
import { hasCode } from './sys/errno.ts';

/** `engine.json` of the config disk; the defaults where there is none. @throws Error for a file that isn't valid */
export function readEngineConfig(file: string): EngineConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return engineConfig.parse({ configVersion: 1, machineName: 'default' });
    throw error;
  }
  const parsed = engineConfig.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${file}: ${parsed.error.message}`);
  return parsed.data;
}
