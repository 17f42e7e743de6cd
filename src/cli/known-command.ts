import { WherryError } from '../core/errors.ts';

/** docker's commands that Wherry means to have (docs/compatibility.md). */
const NOT_YET = new Set('build builder'.split(' '));

/** What is asked of oclif's `Config`. */
interface Commands {
  findCommand(id: string): unknown;
  findTopic(id: string): unknown;
}

/**
 * Says which words are no command. oclif would name all words of the line, joined by colons.
 * @param words the command line behind the global flags
 * @throws WherryError USAGE, with docker's exit status, 1
 */
export function requireCommand(words: readonly string[], commands: Commands): void {
  const name: string[] = [];
  for (const word of words) {
    if (word.startsWith('-')) return requireGlobal(word, name[0] === 'machine');
    name.push(word);
    const id = name.join(':');
    if (commands.findCommand(id) !== undefined) return;
    if (commands.findTopic(id) === undefined) throw unknownCommand(name);
  }
}

const WITHOUT_COMMAND = new Set(['-h', '--help', '-v', '--version']);

/** Of the flags that may stand before a command, what can stand without one. In docker's words, or docker-machine's. */
function requireGlobal(flag: string, isMachine: boolean): void {
  if (WITHOUT_COMMAND.has(flag)) return;
  throw new WherryError({
    code: 'USAGE',
    message: isMachine
      ? `flag provided but not defined: ${flag.replace(/^--/, '-')}`
      : `unknown flag: ${flag}`,
    hint: `See:  wherry ${isMachine ? 'machine ' : ''}--help`,
    exitCode: isMachine ? 1 : 125,
    bare: true,
  });
}

function unknownCommand(name: readonly string[]): WherryError {
  const [first = ''] = name;
  return new WherryError({
    code: 'USAGE',
    message: NOT_YET.has(first)
      ? `wherry ${first} is not implemented yet`
      : `'${name.join(' ')}' is not a wherry command`,
    hint: `What there is:  wherry ${[...name.slice(0, -1), '--help'].join(' ')}`,
    exitCode: 1,
  });
}
