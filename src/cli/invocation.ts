import { WherryError } from '../core/errors.ts';

/** What stands before the verb, for every command alike. */
export interface GlobalFlags {
  readonly machine: string | undefined;
  readonly storagePath: string | undefined;
  readonly debug: boolean;
  readonly nativeSsh: boolean;
}

const TAKES_VALUE: Readonly<Record<string, 'machine' | 'storagePath' | 'ignored'>> = {
  '--machine': 'machine',
  '--storage-path': 'storagePath',
  '-s': 'storagePath',
  '--github-api-token': 'ignored',
  '--bugsnag-api-token': 'ignored',
  '--tls-ca-cert': 'ignored',
  '--tls-ca-key': 'ignored',
  '--tls-client-cert': 'ignored',
  '--tls-client-key': 'ignored',
};

/** A command line in two. */
interface Split {
  readonly globals: GlobalFlags;
  readonly rest: string[];
}

/**
 * Takes docker-machine's and Wherry's global flags off the front of a command line: `--machine arm run busybox`,
 * `machine -D --storage-path /x ls`. Everything from the verb on is left as it is.
 * @throws WherryError USAGE if a flag lacks its value
 */
export function splitGlobals(argv: readonly string[]): Split {
  const { lacking, ...split } = scanGlobals(argv);
  if (lacking === undefined) return split;
  throw new WherryError({ code: 'USAGE', message: `flag needs an argument: ${lacking}`, bare: true });
}

/** The same without judgement: `lacking` is the flag that lacks its value. */
export function scanGlobals(argv: readonly string[]): Split & { readonly lacking: string | undefined } {
  const found = { machine: undefined as string | undefined, storagePath: undefined as string | undefined };
  let debug = false;
  let nativeSsh = false;
  let lacking: string | undefined;
  const rest: string[] = [];
  let position = 0;
  for (; position < argv.length; position += 1) {
    const word = argv[position] ?? '';
    const [name, inline] = word.startsWith('--') ? splitOnce(word, '=') : [word];
    const target = Object.hasOwn(TAKES_VALUE, name) ? TAKES_VALUE[name] : undefined;
    if (target !== undefined) {
      const value = inline ?? argv[(position += 1)];
      if (value === undefined) lacking = name;
      else if (target !== 'ignored') found[target] = value;
    } else if (word === '--debug' || word === '-D') debug = true;
    else if (word === '--native-ssh') nativeSsh = true;
    else if (word === 'machine' && rest.length === 0) rest.push(word);
    else break;
  }
  return { globals: { ...found, debug, nativeSsh }, rest: [...rest, ...argv.slice(position)], lacking };
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

let current: GlobalFlags = { machine: undefined, storagePath: undefined, debug: false, nativeSsh: false };

/** Set once by main() before oclif runs a command; read by the base command. */
export function setGlobals(globals: GlobalFlags): void {
  current = globals;
}

export function globalFlags(): GlobalFlags {
  return current;
}
