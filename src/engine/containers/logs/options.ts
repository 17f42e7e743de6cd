import { invalid, notImplemented } from '../../errors.ts';

/** HostConfig.LogConfig. */
export interface LogConfig {
  readonly Type: string;
  readonly Config: Readonly<Record<string, string>>;
}

/** What becomes of a container's output beside what attached clients see. */
export type LogOptions =
  | { readonly driver: 'none' }
  | {
      readonly driver: 'json-file' | 'local';
      /** Bytes after which the log goes on in a new file; undefined: never. */
      readonly maxSize: number | undefined;
      /** How many files there are at most, the current one among them. */
      readonly maxFiles: number;
    };

const DEFAULT_DRIVER = 'json-file';

/** Drivers of Docker's that send logs somewhere else (moby daemon/logger). */
const REMOTE_DRIVERS = ['awslogs', 'fluentd', 'gcplogs', 'gelf', 'journald', 'splunk', 'syslog'];

const FILE_OPTIONS = ['max-size', 'max-file', 'compress'];
/** What `logs --details` shows of the container. */
const ATTRIBUTE_OPTIONS = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];

/** moby's defaults for `local` (daemon/logger/local/config.go). */
const LOCAL_MAX_SIZE = 20 * 1000 * 1000;
const LOCAL_MAX_FILES = 5;

/** A log configuration with Docker's defaults in the place of what was left out. */
export function withLogDefaults(config: LogConfig | undefined): LogConfig {
  return { Type: config?.Type || DEFAULT_DRIVER, Config: config?.Config ?? {} };
}

/**
 * Understands a log configuration, with moby's checks and words (daemon/logger/factory.go, jsonfilelog).
 *
 * @throws EngineError invalidParameter; notImplemented for the drivers and options that aren't built
 */
export function logOptions(config: LogConfig | undefined): LogOptions {
  const { Type: driver, Config: options } = withLogDefaults(config);
  if (driver === 'none') return { driver };
  checkMode(options);
  if (REMOTE_DRIVERS.includes(driver)) {
    throw notImplemented(`HostConfig.LogConfig: the log driver '${driver}' is not implemented yet`);
  }
  if (driver !== 'json-file' && driver !== 'local') {
    throw invalid(`logger: no log driver named '${driver}' is registered`);
  }
  const known = driver === 'local' ? FILE_OPTIONS : [...FILE_OPTIONS, ...ATTRIBUTE_OPTIONS];
  for (const option of Object.keys(options)) {
    if (known.includes(option) || option === 'mode') continue;
    throw invalid(`unknown log opt '${option}' for ${driver} log driver`);
  }
  for (const option of ['labels-regex', 'env-regex']) checkPattern(options[option]);
  const maxSize = sizeOf(options['max-size']) ?? (driver === 'local' ? LOCAL_MAX_SIZE : undefined);
  const maxFiles = filesOf(options['max-file']) ?? (driver === 'local' ? LOCAL_MAX_FILES : 1);
  checkCompress(options['compress'], maxSize, maxFiles);
  return { driver, maxSize, maxFiles };
}

/** moby's drivers can be asked to drop what they don't keep up with; here the file is always written. */
function checkMode(options: Readonly<Record<string, string>>): void {
  const mode = options['mode'] ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode)) {
    throw invalid(`logger: logging mode not supported: ${mode}`);
  }
  if (options['max-buffer-size'] !== undefined && mode !== 'non-blocking') {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  if (mode === 'non-blocking') {
    throw notImplemented('HostConfig.LogConfig.Config.mode: non-blocking is not implemented yet');
  }
}

const initFailure = (reason: string) => invalid(`failed to initialize logging driver: ${reason}`);

/** Decimal units, as `max-size` has them (go-units FromHumanSize): `10m` is ten million bytes. */
function sizeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(-?\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  const power = ['', 'k', 'm', 'g', 't', 'p'].indexOf((match?.[2] ?? '').toLowerCase());
  if (match === null) throw initFailure(`invalid size: '${text}'`);
  const bytes = Math.floor(Number(match[1]) * 1000 ** power);
  if (bytes <= 0) throw initFailure('max-size must be a positive number');
  return bytes;
}

function filesOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[+-]?\d{1,9}$/.test(text)) throw initFailure(`strconv.Atoi: parsing "${text}": invalid syntax`);
  if (Number(text) < 1) throw initFailure('max-file cannot be less than 1');
  return Number(text);
}

function checkCompress(text: string | undefined, maxSize: number | undefined, maxFiles: number): void {
  if (text === undefined || ['0', 'f', 'false'].includes(text.toLowerCase())) return;
  if (!['1', 't', 'true'].includes(text.toLowerCase())) {
    throw initFailure(`strconv.ParseBool: parsing "${text}": invalid syntax`);
  }
  if (maxFiles < 2 || maxSize === undefined) {
    throw initFailure('compress cannot be true when max-file is less than 2 or max-size is not set');
  }
  throw notImplemented('HostConfig.LogConfig.Config.compress is not implemented yet');
}

function checkPattern(pattern: string | undefined): void {
  if (pattern === undefined) return;
  try {
    void new RegExp(pattern);
  } catch (error) {
    throw initFailure(`error parsing regexp: ${(error as Error).message}`);
  }
}
