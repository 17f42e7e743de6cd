import { parseDuration } from '../../../core/duration.ts';
import { invalid } from '../../errors.ts';
import { jsonWords } from './command.ts';

const DURATIONS: Readonly<Record<string, string>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

/**
 * `NONE`, or `[--interval=…] [--timeout=…] [--start-period=…] [--start-interval=…] [--retries=…] CMD …` (Dockerfile
 * reference, "HEALTHCHECK"); times come out in nanoseconds. @throws EngineError invalidParameter
 */
export function healthcheckOf(text: string): Record<string, unknown> {
  const check: Record<string, unknown> = {};
  let rest = text;
  for (let flag = FLAG.exec(rest); flag !== null; flag = FLAG.exec(rest)) {
    const [all, name = '', value = ''] = flag;
    rest = rest.slice(all.length);
    if (name === 'retries') check['Retries'] = wholeNumber(value);
    else check[DURATIONS[name] ?? unknownFlag(name)] = nanoseconds(name, value);
  }
  const [, kind = '', command = ''] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
  if (kind === '') throw invalid('HEALTHCHECK requires at least one argument');
  if (kind.toUpperCase() === 'NONE') {
    if (command !== '') throw invalid('HEALTHCHECK NONE takes no arguments');
    return { Test: ['NONE'] };
  }
  if (kind.toUpperCase() !== 'CMD') {
    throw invalid(`Unknown type "${kind}" in HEALTHCHECK (try CMD)`);
  }
  if (command === '') throw invalid('Missing command after HEALTHCHECK CMD');
  const words = jsonWords(command);
  return { Test: words === undefined ? ['CMD-SHELL', command] : ['CMD', ...words], ...check };
}

const FLAG = /^--([\w-]+)=(\S*)\s*/;

function unknownFlag(name: string): never {
  throw invalid(`unknown flag: ${name}`);
}

function nanoseconds(name: string, value: string): number {
  const duration = parseDuration(value);
  if (duration === undefined) throw invalid(`invalid duration "${value}" of HEALTHCHECK --${name}`);
  if (duration !== 0 && duration < 1e6) throw invalid(`Interval "${name}" cannot be less than 1ms`);
  return duration;
}

function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw invalid(`--retries must be a whole number of 0 or more, not "${value}"`);
  return Number(value);
}
