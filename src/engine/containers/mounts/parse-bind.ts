import { invalid } from '../../errors.ts';
import { cleanDestination } from './destination.ts';
import { parseMode } from './mode.ts';
import type { MountRequest } from './model.ts';

/** Docker labels volumes of binds for sharing unless told otherwise; without SELinux that's a word in inspect. */
export const DEFAULT_VOLUME_MODE = 'z';

/**
 * An entry of HostConfig.Binds: `[name:]/path[:options]`, or `/path/of/the/engines/socket:/path[:options]`.
 *
 * @throws EngineError invalidParameter in Docker's words
 */
export function parseBind(bind: string): MountRequest {
  const parts = bind.split(':');
  const context = `invalid volume specification: '${bind}'`;
  if (parts.length > 3 || parts.some((part) => part === '')) throw invalid(context);
  const [source, target, mode] = parts.length === 1 ? ['', parts[0], ''] : parts;
  if (source === undefined || target === undefined) throw invalid(context);
  const isBind = source.startsWith('/');
  const type = isBind ? 'bind' : 'volume';
  const destination = cleanDestination(target, `${context}: invalid mount config for type "${type}": `);
  const { writable, copy } = parseMode(mode ?? '', !isBind);
  if (isBind) return { type: 'bind', source, destination, writable, mode: mode ?? '' };
  return {
    type: 'wanted volume',
    name: source,
    driver: '',
    labels: null,
    destination,
    writable,
    copy,
    mode: mode || DEFAULT_VOLUME_MODE,
  };
}
