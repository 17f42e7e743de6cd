import { isHostPath, splitSource } from '../../../core/host-path.ts';
import { invalid } from '../../errors.ts';
import { cleanDestination } from './destination.ts';
import { isMode, parseMode } from './mode.ts';
import type { MountRequest } from './model.ts';

/** Docker labels volumes of binds for sharing unless told otherwise; without SELinux that's a word in inspect. */
export const DEFAULT_VOLUME_MODE = 'z';

/**
 * An entry of HostConfig.Binds: `[name:]/path[:options]`, or `/path/of/the/computers:/path[:options]`.
 *
 * @throws EngineError invalidParameter in Docker's words
 */
export function parseBind(bind: string): MountRequest {
  const [first, rest] = splitSource(bind);
  const parts = [first, ...(rest?.split(':') ?? [])];
  const context = `invalid volume specification: '${bind}'`;
  if (parts.length > 3 || parts.some((part) => part === '')) throw invalid(context);
  const [source, target, mode] = parts.length === 1 ? ['', parts[0], ''] : parts;
  if (source === undefined || target === undefined) throw invalid(context);
  if (parts.length === 2 && isMode(target)) throw invalid(context); // A mode without a source.
  const isBind = isHostPath(source);
  const type = isBind ? 'bind' : 'volume';
  const destination = cleanDestination(target, `${context}: invalid mount config for type "${type}": `);
  const { writable, copy, propagation } = parseMode(mode ?? '');
  // What a mode can't say of its kind of mount, in the words that `--mount` has for it.
  const extra = isBind ? (copy ? '' : 'VolumeOptions') : propagation === '' ? '' : 'BindOptions';
  if (extra !== '') {
    throw invalid(
      `${context}: invalid mount config for type "${type}": field ${extra} must not be specified`,
    );
  }
  if (isBind) {
    return { type: 'bind', source, destination, writable, mode: mode ?? '', ...given(propagation) };
  }
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

/** The field of a record, where there is anything to say. */
export const given = (propagation: string): { readonly propagation?: string } =>
  propagation === '' ? {} : { propagation };
