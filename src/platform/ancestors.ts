import { readFile } from 'node:fs/promises';
import { systemErrorCode, WherryError } from '../core/errors.ts';
import { systemExec, type Exec } from './exec.ts';
import { systemProgram, WINDOWS_POWERSHELL } from './windows-programs.ts';

/** A running process as its operating system lists it. */
export interface ListedProcess {
  readonly pid: number;
  readonly parent: number;
  /** The words it was started with, as far as they can be had; the first is the program. */
  readonly argv: readonly string[];
}

/** Deeper than this nobody's shell is. */
const GENERATIONS = 12;

type Lookup = (pid: number) => Promise<ListedProcess | undefined>;

/**
 * The processes that this one was started by, the nearest first. What can't be listed (no ps, no rights) ends the list:
 * who asks has another way to go by.
 */
export async function ancestors(
  pid: number = process.ppid,
  platform: NodeJS.Platform = process.platform,
  exec: Pick<Exec, 'check'> = systemExec,
): Promise<ListedProcess[]> {
  const lookUp = await lookupFor(platform, exec);
  const found: ListedProcess[] = [];
  let next = pid;
  while (next > 0 && found.length < GENERATIONS) {
    const process = await lookUp(next);
    if (process === undefined || found.some((seen) => seen.pid === process.pid)) break;
    found.push(process);
    next = process.parent;
  }
  return found;
}

async function lookupFor(platform: NodeJS.Platform, exec: Pick<Exec, 'check'>): Promise<Lookup> {
  if (platform === 'linux') return fromProc;
  const listed = await listAll(platform, exec);
  return (pid) => Promise.resolve(listed.get(pid));
}

async function listAll(
  platform: NodeJS.Platform,
  exec: Pick<Exec, 'check'>,
): Promise<Map<number, ListedProcess>> {
  const powershell = systemProgram(WINDOWS_POWERSHELL);
  const [argv, read] =
    platform === 'win32'
      ? [[powershell, '-NoProfile', '-NonInteractive', '-Command', WINDOWS_SCRIPT], readCimListing]
      : [['ps', '-axww', '-o', 'pid=,ppid=,args='], readPsListing];
  try {
    const { stdout } = await exec.check(argv, { timeoutMs: 10_000 });
    return new Map(read(stdout).map((process) => [process.pid, process]));
  } catch (error) {
    // A listing that is empty, or that somebody's profile or policy has printed into, is none either.
    if (error instanceof WherryError || error instanceof SyntaxError) return new Map();
    throw error;
  }
}

/** proc(5): the parent is field 4 of /proc/PID/stat, whose second one, in parentheses, may hold anything. */
async function fromProc(pid: number): Promise<ListedProcess | undefined> {
  try {
    const [stat, words] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ]);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return { pid, parent, argv: words.split('\0').slice(0, -1) };
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes(systemErrorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** `ps -o pid=,ppid=,args=` (ps(1) of macOS and the BSDs): the words are joined by blanks. */
export function readPsListing(text: string): ListedProcess[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, words] = /^\s*(\d+)\s+(\d+)\s+(.*\S)\s*$/.exec(line) ?? [];
    return words === undefined
      ? []
      : [{ pid: Number(pid), parent: Number(parent), argv: words.split(/\s+/) }];
  });
}

/** Win32_Process (Microsoft's reference of the CIM class): what belongs to others has no CommandLine. */
const WINDOWS_SCRIPT = `
[Console]::OutputEncoding = [System.Text.Encoding]::UTF8
ConvertTo-Json -Compress @(Get-CimInstance Win32_Process |
  Select-Object ProcessId, ParentProcessId, Name, CommandLine)
`;

/**
 * What {@link WINDOWS_SCRIPT} prints. The program is its name alone; what its command line has behind it follows.
 * Error: SyntaxError.
 */
export function readCimListing(text: string): ListedProcess[] {
  const rows = JSON.parse(text) as {
    readonly ProcessId: number;
    readonly ParentProcessId: number;
    readonly Name: string;
    readonly CommandLine: string | null;
  }[];
  if (!Array.isArray(rows)) throw new SyntaxError('not a list of processes');
  return rows.map(({ ProcessId, ParentProcessId, Name, CommandLine }) => {
    const words = (CommandLine ?? '').replace(/^\s*("[^"]*"|\S+)/, '').split(/\s+/);
    return {
      pid: ProcessId,
      parent: ParentProcessId,
      argv: [Name, ...words.filter((word) => word !== '')],
    };
  });
}
