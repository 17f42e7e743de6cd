/*
 * docker's management commands are second names of its older ones: `container run` is `run`, `image ls` is `images`.
 * What only exists under a management command (`container prune`) is a command of its own here.
 */

const SAME: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'container',
    words(
      'attach commit cp create diff exec export kill logs pause port rename restart rm run start stats stop top unpause update wait',
    ),
  ],
  ['image', words('history import load pull push save tag')],
  ['system', words('events info')],
]);

const OTHER: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'container inspect': ['inspect', '--type', 'container'],
    'container list': ['ps'],
    'container ls': ['ps'],
    'container ps': ['ps'],
    'container remove': ['rm'],
    'image inspect': ['inspect', '--type', 'image'],
    'image list': ['images'],
    'image ls': ['images'],
    'image remove': ['rmi'],
    'image rm': ['rmi'],
  }),
);

/** `container ls -a` → `ps -a`, `machine help ls` → `machine ls --help`. Words that are no second name stay as they are. */
export function spellOutManagement(argv: readonly string[]): string[] {
  const [first = '', second = '', ...rest] = argv;
  if (first === 'help') return [...argv.slice(1), '--help'];
  if (first === 'machine' && second === 'help') return [first, ...rest, '--help'];
  const other = OTHER.get(`${first} ${second}`);
  if (other !== undefined) return [...other, ...rest];
  return SAME.get(first)?.includes(second) === true ? [second, ...rest] : [...argv];
}

/** The second names that a management command has, each with the command's own: `[['ls', 'ps'], …]`. */
export function secondNames(management: string): [string, string][] {
  const others = [...OTHER].flatMap(([words, [command = '']]): [string, string][] => {
    const [first, second = ''] = words.split(' ');
    return first === management ? [[second, command]] : [];
  });
  return [...(SAME.get(management) ?? []).map((name): [string, string] => [name, name]), ...others];
}

function words(text: string): string[] {
  return text.split(' ');
}
