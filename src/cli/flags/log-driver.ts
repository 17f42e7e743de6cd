import { WherryError } from '../../core/errors.ts';

/** HostConfig.LogConfig from `--log-driver` and `--log-opt`; nothing where neither was given. @throws WherryError */
export function logFields(flags: {
  readonly 'log-driver'?: string | undefined;
  readonly 'log-opt'?: readonly string[] | undefined;
}): { LogConfig?: { Type: string; Config: Record<string, string> } } {
  const driver = flags['log-driver'] ?? '';
  const options = flags['log-opt'] ?? [];
  if (driver === 'none' && options.length > 0) {
    // docker's words (docker CLI, cli/command/container/opts.go, parseLoggingOpts).
    throw new WherryError({
      code: 'USAGE',
      message: 'wherry: invalid logging opts for driver none',
      hint: "Run 'wherry run --help' for more information",
      exitCode: 125,
      bare: true,
    });
  }
  if (driver === '' && options.length === 0) return {};
  const pairs = options.map((option): [string, string] => {
    const equals = option.indexOf('=');
    return equals === -1 ? [option, ''] : [option.slice(0, equals), option.slice(equals + 1)];
  });
  return { LogConfig: { Type: driver, Config: Object.fromEntries(pairs) } };
}
