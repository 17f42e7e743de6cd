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

export function saidBy(finished: Finished, own: Readonly<Record<string, string>>, shapeOnly: boolean): Said {
  const { status, stdout, stderr } = finished;
  const lines = (text: string): string[] => plain(text, own).split('\n');
  return { status, stdout: shapeOnly ? columnsOf(stdout) : lines(stdout), stderr: lines(stderr) };
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
    .replaceAll(/\b172\.\d+\.\d+\.\d+/g, '{address}')
    .replaceAll('docker', 'wherry')
    .trim();
}
