import { parseSize } from '../../../core/units.ts';
import { invalid } from '../../errors.ts';

/**
 * `--storage-opt size=10G`: what a container may write to its own layer, in bytes; undefined: no limit. The option is
 * that of moby's overlay2.
 *
 * @throws EngineError invalidParameter for any other option, and for what is no size
 */
export function sizeLimit(options: Readonly<Record<string, string>>): number | undefined {
  let limit: number | undefined;
  for (const [name, value] of Object.entries(options)) {
    // moby takes an option's name in any case.
    if (name.toLowerCase() !== 'size') throw invalid(`unknown option ${name}`);
    limit = parseSize(value);
    if (limit === undefined) throw invalid(`invalid size: '${value}'`);
  }
  return limit === 0 ? undefined : limit;
}
