import { WherryError } from '../../../core/errors.ts';
import { steps as allSteps, type Migration } from './steps.ts';

/**
 * Brings the value of a machine.json to version `target`. The file itself is rewritten when something else is saved,
 * so a look with a newer Wherry doesn't lock out the older one.
 * Errors: `CONFIG_TOO_NEW`, `CONFIG_BROKEN`.
 */
export function migrate(
  value: unknown,
  target: number,
  steps: ReadonlyMap<number, Migration> = allSteps,
): unknown {
  let current = asRecord(value);
  for (;;) {
    const version = current['configVersion'];
    if (typeof version !== 'number') throw broken('it has no configVersion');
    if (version === target) return current;
    if (version > target) {
      throw new WherryError({
        code: 'CONFIG_TOO_NEW',
        message: `machine.json has configVersion ${version}; this Wherry knows up to ${target}`,
        hint: 'Use the newer Wherry that made this machine',
      });
    }
    const step = steps.get(version);
    if (step === undefined) throw broken(`nothing leads from its configVersion ${version} to ${target}`);
    current = { ...step(current), configVersion: version + 1 };
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw broken('it is not a JSON object');
}

function broken(reason: string): WherryError {
  return new WherryError({ code: 'CONFIG_BROKEN', message: `machine.json cannot be read: ${reason}` });
}
