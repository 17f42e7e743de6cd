import { WherryError } from '../../core/errors.ts';
import { invalidArgument } from './invalid-argument.ts';

const STREAMS = ['stdin', 'stdout', 'stderr'] as const;
export type StreamName = (typeof STREAMS)[number];

export interface AttachFlags {
  readonly attach?: readonly string[] | undefined;
  readonly detach: boolean;
  readonly interactive: boolean;
}

/** Those of `--attach`, or the output; with `-i` the input too (docker CLI, container/opts.go). None if detached. */
export function attachedStreams(flags: AttachFlags): Set<StreamName> {
  const named = (flags.attach ?? []).map((word) => streamNamed(word));
  if (flags.detach) {
    if (named.length > 0)
      throw new WherryError({
        code: 'USAGE',
        message: 'conflicting options: cannot specify both --attach and --detach',
        bare: true,
        exitCode: 125,
      });
    return new Set();
  }
  const output = named.length > 0 ? named : (['stdout', 'stderr'] as const);
  return new Set(flags.interactive ? ['stdin', ...output] : output);
}

function streamNamed(word: string): StreamName {
  const name = STREAMS.find((stream) => stream === word.toLowerCase());
  if (name !== undefined) return name;
  throw invalidArgument(word, '-a, --attach', 'valid streams are STDIN, STDOUT and STDERR');
}
