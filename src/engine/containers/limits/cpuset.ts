import { invalid } from '../../errors.ts';

/**
 * A list of the kernel's cpuset format, `0-3,5` (cpuset(7), List format). @returns undefined for what isn't one
 */
export function parseCpuset(text: string): number[] | undefined {
  const numbers: number[] = [];
  for (const part of text.split(',')) {
    const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    if (from === '' || Number(to) < Number(from)) return undefined;
    for (let number = Number(from); number <= Number(to); number += 1) numbers.push(number);
  }
  return numbers;
}

/**
 * moby's checks of `--cpuset-cpus` and `--cpuset-mems` (moby v28, daemon/daemon_unix.go).
 *
 * @param available how many there are, counted from 0
 * @throws EngineError invalidParameter
 */
export function checkCpuset(kind: 'cpus' | 'mems', text: string, available: number): void {
  if (text === '') return;
  const wanted = parseCpuset(text);
  if (wanted === undefined) {
    throw invalid(`Invalid value ${text} for cpuset ${kind}: invalid format: ${text}`);
  }
  if (wanted.every((number) => number < available)) return;
  const what = kind === 'cpus' ? 'CPUs' : 'memory nodes';
  const all = available === 1 ? '0' : `0-${available - 1}`;
  throw invalid(`Requested ${what} are not available - requested ${text}, available: ${all}`);
}
