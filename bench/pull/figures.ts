import { figure, type Figure } from '../statistics.ts';
import type { Cost } from './cost.ts';
import { NAMES } from './names.ts';

/** Medians of what was measured, and ours against each of the others; what has no run has no figure. */
export function timeFigures(costs: ReadonlyMap<string, readonly Cost[]>): Figure[] {
  return (['ms', 'cpuMs'] as const).flatMap((what) => {
    const suffix = what === 'ms' ? '' : ', processor';
    const measured = (name: string, other?: Figure): Figure[] => {
      const runs = (costs.get(name) ?? []).map((cost) => cost[what]);
      return runs.length === 0 ? [] : [figure(`${name}${suffix}`, 'ms', runs, other)];
    };
    const others = [NAMES.floor, NAMES.untuned, NAMES.docker, NAMES.podman].flatMap((name) => measured(name));
    const alone = measured(NAMES.alone);
    return [
      ...others,
      ...others.flatMap((other) => measured(NAMES.ours, other)),
      ...alone,
      ...measured(NAMES.fifth, alone[0]),
    ];
  });
}
