import { invalid } from '../../errors.ts';

export interface Instruction {
  /** In capitals: `ENV`. */
  readonly name: string;
  /** What stands behind it, as it stands there. */
  readonly rest: string;
}

/** What `commit` and `import` take in `--change` (moby builder/dockerfile, validCommitCommands). */
const ALLOWED = new Set(
  'CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME WORKDIR'.split(' '),
);

/**
 * Reads changes as the lines of a Dockerfile: comments and empty lines go, a backslash at a line's end continues it.
 *
 * @throws EngineError invalidParameter for an instruction that changes no configuration
 */
export function parseInstructions(changes: readonly string[]): Instruction[] {
  const instructions: Instruction[] = [];
  let open = '';
  for (const line of changes.flatMap((change) => change.split(/\r?\n/))) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const continued = /^(.*)\\\s*$/s.exec(line)?.[1];
    open += open === '' ? (continued ?? line).trimStart() : (continued ?? line);
    if (continued !== undefined) continue;
    instructions.push(instruction(open));
    open = '';
  }
  if (open !== '') instructions.push(instruction(open));
  return instructions;
}

function instruction(line: string): Instruction {
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const name = word.toUpperCase();
  if (!ALLOWED.has(name)) {
    throw invalid(
      `${word.toLowerCase()} is not a valid change command: it is one of ${[...ALLOWED].join(', ')}`,
    );
  }
  return { name, rest: rest.trimEnd() };
}
