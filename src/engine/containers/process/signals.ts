import { constants } from 'node:os';
import { invalid } from '../../errors.ts';

/** glibc keeps 32 and 33 for itself; signal(7). */
const SIGRTMIN = 34;
const SIGRTMAX = 64;

/**
 * `TERM`, `SIGTERM`, `15`, `RTMIN+3` → the signal's number on Linux.
 *
 * @throws EngineError invalidParameter `invalid signal: X`
 */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= SIGRTMAX) return number;
    throw invalid(`invalid signal: ${text}`);
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const known: Readonly<Record<string, number>> = constants.signals;
  const number = known[`SIG${name}`] ?? realTimeSignal(name);
  if (number === undefined) throw invalid(`invalid signal: ${text}`);
  return number;
}

function realTimeSignal(name: string): number | undefined {
  const [, base, sign, offset = '0'] = /^(RTMIN|RTMAX)(?:([+-])(\d{1,2}))?$/.exec(name) ?? [];
  if (base === undefined) return undefined;
  const distance = sign === '-' ? -Number(offset) : Number(offset);
  const number = (base === 'RTMIN' ? SIGRTMIN : SIGRTMAX) + distance;
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined;
}
