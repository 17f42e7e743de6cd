import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type * as z from 'zod';
import { CONFIG_FILES, proxyConfig, registryCertificates } from '../../../protocol/boot/config-disk.ts';
import { hasCode } from '../../sys/errno.ts';
import { outsideOf } from './outside.ts';
import type { Outside } from './outside.ts';

/**
 * The way out as the config disk has it, in files beside `engine.json`; straight where there are none.
 *
 * @throws Error for a file that isn't valid, without what is in it
 */
export function readOutside(
  configFile: string,
  machineName: string,
  hostAddress: () => string | undefined,
): Outside {
  const directory = dirname(configFile);
  return outsideOf({
    proxy: read(join(directory, CONFIG_FILES.proxy), proxyConfig),
    certificates: read(join(directory, CONFIG_FILES.certificates), registryCertificates),
    machineName,
    hostAddress,
  });
}

function read<T>(file: string, schema: z.ZodType<T>): T | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const parsed = schema.safeParse(json(text, file));
  if (!parsed.success) throw new Error(`${file}: ${parsed.error.issues[0]?.message ?? 'not valid'}`);
  return parsed.data;
}

function json(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the text, and with it a password.
    throw new Error(`${file}: not JSON`);
  }
}
