import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { endAgent } from '../../../src/agent/client/ensure-agent.ts';
import { WherryError } from '../../../src/core/errors.ts';
import type { BootImage } from '../../../src/drivers/driver.ts';
import { openMachineContext, type MachineContext, type Reporter } from '../../../src/machine/context.ts';
import type { Exec } from '../../../src/platform/exec.ts';
import type { ReadyLine } from '../../../src/protocol/agent/control.ts';

export interface MachineWorld {
  readonly home: string;
  readonly context: MachineContext;
  readonly report: Reporter;
  /** What was reported: `title: summary`, notes as `note: text`. */
  readonly steps: string[];
  readonly signal: AbortSignal;
  end(): Promise<void>;
}

const image: BootImage = {
  id: 'sha256:feed',
  arch: 'amd64',
  kernel: '/none/kernel',
  initrd: '/none/initrd',
  systemDisk: '/none/system',
  commandLine: '',
};

/** Machines of a temporary home. With `agents: 'real'` their agents are real processes, otherwise ones that are only said to be ready. */
export async function machineWorld(options: {
  agents: 'real' | 'pretended';
  /** Makes the home the default one of a home directory of its own. */
  isDefault?: boolean;
}): Promise<MachineWorld> {
  const scratch = await mkdtemp(join(tmpdir(), 'wherry-machine-'));
  const home = options.isDefault === true ? join(scratch, '.wherry') : scratch;
  const get = () => Promise.resolve(image);
  const images = { ensure: get, newest: get, get };
  const opened = openMachineContext(home, images);
  const exec = options.agents === 'real' ? opened.agent.exec : pretendingExec(opened.agent.version);
  const paths =
    options.isDefault === true ? { ...opened.paths, env: {}, homeDirectory: scratch } : opened.paths;
  const context = { ...opened, paths, agent: { ...opened.agent, exec } };
  const steps: string[] = [];
  const report: Reporter = {
    async step(title, work) {
      const { value, summary } = await work(() => undefined);
      steps.push(`${title}: ${summary}`);
      return value;
    },
    note: (text) => steps.push(`note: ${text}`),
  };
  return {
    home,
    context,
    report,
    steps,
    signal: new AbortController().signal,
    async end() {
      for (const name of await context.store.names()) {
        await endAgent(context.store.files(name), context.agent.processes);
      }
      await rm(scratch, { recursive: true });
    },
  };
}

const refuse = (): Promise<never> =>
  Promise.reject(new WherryError({ code: 'EXEC_NOT_FOUND', message: 'nothing is run in this test' }));

function pretendingExec(version: string): Exec {
  const status = { pid: 1, version, machine: 'x', sshConnected: true, serving: true, clients: 0 };
  return {
    run: refuse,
    check: refuse,
    spawnDetached: () =>
      Promise.resolve({
        pid: 1,
        exited: Promise.resolve({ exitCode: 0, signal: undefined }),
        stdout: Readable.from([`${JSON.stringify({ event: 'ready', status } satisfies ReadyLine)}\n`]),
        release: () => undefined,
      }),
  };
}

/** `CODE: message` of what a promise rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'nothing was thrown',
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );
}
