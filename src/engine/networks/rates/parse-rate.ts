import { invalid, notImplemented } from '../../errors.ts';

/** Bytes a second. A direction without one has no limit. */
export interface Rates {
  /** Into the container. */
  readonly in?: number;
  readonly out?: number;
}

/** Options of an endpoint (EndpointSettings.DriverOpts) that limit its bandwidth. */
export const RATE_OPTIONS = { in: 'dev.wherry.net-rate-in', out: 'dev.wherry.net-rate-out' } as const;

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
};

/** Less than a packet a second is no network. */
const SLOWEST = 1000;
/** A terabit: anything past it is a slip of the pen. */
const FASTEST = 125e9;

/**
 * `10mbit`, `500kbit`, `1.5gbit` are bits a second; `1MB/s`, `512kB/s`, `2MiB/s` are bytes. k, M and G are powers of
 * 1000, Ki, Mi and Gi of 1024; case doesn't matter.
 *
 * @returns bytes a second
 * @throws EngineError invalidParameter
 */
export function parseRate(text: string): number {
  const [, number = '', prefix = '', unit = ''] =
    /^(\d+(?:\.\d+)?) ?([kmg]i?)?(bit|bit\/s|b\/s)$/.exec(text.trim().toLowerCase()) ?? [];
  const rate = Math.floor((Number(number) * (FACTORS[prefix] ?? 1)) / (unit === 'b/s' ? 1 : 8));
  if (number === '' || rate < SLOWEST || rate > FASTEST) {
    throw invalid(
      `invalid network rate "${text}": bits a second like 10mbit, or bytes like 1MB/s, from 8kbit to 1000gbit`,
    );
  }
  return rate;
}

/** The limits among an endpoint's options; undefined: there are none. @throws EngineError invalidParameter */
export function ratesOf(options: Readonly<Record<string, string>> = {}): Rates | undefined {
  for (const name of Object.keys(options)) {
    if (name !== RATE_OPTIONS.in && name !== RATE_OPTIONS.out) {
      throw notImplemented(`the driver option ${name} of an endpoint is not implemented yet`);
    }
  }
  const [into, out] = [options[RATE_OPTIONS.in], options[RATE_OPTIONS.out]];
  if (!into && !out) return undefined;
  return { ...(into ? { in: parseRate(into) } : {}), ...(out ? { out: parseRate(out) } : {}) };
}
