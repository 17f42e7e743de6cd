import type { Finished } from '../../helpers/process.ts';

/** Words of a shell that knows single quotes and nothing else. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|[^\s']+/g)].map(([word, quoted]) => quoted ?? word);
}

/** What must not differ between two clients: the exit status, and their words without what is of one client or moment. */
export interface Said {
  readonly status: number | null;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** How closely a row is compared: word for word, a table's columns only, or nothing but the exit status. */
export type Closeness = 'words' | 'shape' | 'status';

export function saidBy(
  finished: Finished,
  own: Readonly<Record<string, string>>,
  closeness: Closeness,
): Said {
  const { status, stdout, stderr } = finished;
  if (closeness === 'status') return { status, stdout: [], stderr: [] };
  const said = plain(stdout, own).split('\n');
  return { status, stdout: closeness === 'shape' ? columnsOf(stdout) : said, stderr: complaint(stderr, own) };
}

/**
 * Errors without what clients and their versions put around them: who speaks, the way to the help, a full stop (docker
 * 26 has one, docker 28 doesn't), a capital, the usage.
 */
function complaint(stderr: string, own: Readonly<Record<string, string>>): string[] {
  const [text = ''] = plain(stderr, own).split(/\n+Usage:/);
  return text
    .split('\n')
    .filter((line) => !/^\s*(See|Run):? .*--help|^$/.test(line))
    .map((line) => line.replace(/^(wherry|Error): /, '').replace(/\.$/, ''))
    .map((line) => line.charAt(0).toLowerCase() + line.slice(1));
}

/** The heading of a table, and whether there are rows; of other output how many lines. */
function columnsOf(text: string): string[] {
  const [heading = '', ...rows] = text.trim().split('\n');
  const isTable = /^[A-Z][A-Z% /]+$/.test(heading.trim());
  return isTable
    ? [...heading.trim().split(/\s{2,}/), `rows: ${rows.length > 0}`]
    : [`lines: ${rows.length + 1}`];
}

function plain(text: string, own: Readonly<Record<string, string>>): string {
  let result = text;
  for (const [placeholder, value] of Object.entries(own))
    result = result.replaceAll(value, `{${placeholder}}`);
  return result
    .replaceAll(/\b[0-9a-f]{64}\b/g, '{id}')
    .replaceAll(/\b[0-9a-f]{12}\b/g, '{short id}')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '{time}')
    .replaceAll(/\b(172|10\.77)\.\d+\.[\d.]+/g, '{address}')
    .replaceAll('docker', 'wherry')
    .trim();
}
