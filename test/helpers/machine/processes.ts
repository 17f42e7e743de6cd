import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A process that works for a machine, as /proc has it. */
export interface MachineProcess {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** What runs for machine `name` of `home`: its QEMU, and its agent. Looked up in /proc, not in Wherry's own notes. */
export async function processesOf(
  home: string,
  name: string,
): Promise<{ readonly qemu: readonly MachineProcess[]; readonly agent: readonly MachineProcess[] }> {
  const directory = join(home, 'machines', name);
  const all = await allProcesses();
  return {
    qemu: all.filter(
      ({ argv }) => argv[0]?.includes('qemu-system') && argv.some((word) => word.includes(`${directory}/`)),
    ),
    agent: all.filter(({ argv }) => argv.at(-2) === home && argv.at(-1) === name),
  };
}

/** Resolves once `condition` holds for the machine's processes; fails after `withinMs`. */
export async function untilProcesses(
  home: string,
  name: string,
  condition: (found: Awaited<ReturnType<typeof processesOf>>) => boolean,
  withinMs = 60_000,
): Promise<Awaited<ReturnType<typeof processesOf>>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await processesOf(home, name);
    if (condition(found)) return found;
    if (performance.now() > deadline) {
      throw new Error(`after ${withinMs} ms the processes of "${name}" are ${JSON.stringify(found)}`);
    }
    // The processes are others' children: /proc tells of them to those who look.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function allProcesses(): Promise<MachineProcess[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ({ pid, argv: await argvOf(pid) })));
  // A zombie's command line is empty.
  return found.filter(({ argv }) => argv.length > 0);
}

async function argvOf(pid: number): Promise<string[]> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return [];
    throw error;
  }
}
