import { createInterface } from 'node:readline';
import { WherryError } from '../../core/errors.ts';
import type { Exec } from '../../platform/exec.ts';
import { lockHolder, withLock } from '../../platform/lock.ts';
import { makeOwnerOnlyDirectory } from '../../platform/atomic-file.ts';
import type { Processes } from '../../platform/process-identity.ts';
import type { MachineFiles } from '../../machine/store/filenames.ts';
import { readyLine, type AgentStatus, type ReadyLine } from '../../protocol/agent/control.ts';
import { agentEntry } from './agent-entry.ts';
import { askAgent } from './ask.ts';

export interface AgentPorts {
  readonly exec: Exec;
  readonly processes: Processes;
  /** Wherry's version; an agent of another one is replaced. */
  readonly version: string;
  /** The agent's main file; tests and packagers may name another. */
  readonly entry?: string | undefined;
  /** How long an agent may take to answer before it counts as hung. */
  readonly answerMs?: number | undefined;
}

/** A start that takes longer than this (the SSH handshake is in it) has failed. */
const START_MS = 45_000;
const LAST_LINE_MS = 3000;

/**
 * Makes sure that the machine's agent runs, is of this version, and serves its sockets. Of several processes that
 * find it dead at once, one starts it and the others wait for that. Errors: `AGENT_FAILED` or what the agent says.
 */
export async function ensureAgent(
  files: MachineFiles,
  home: string,
  ports: AgentPorts,
  signal?: AbortSignal,
): Promise<AgentStatus> {
  const found = await askAgent(files.agentSocket, 'status', ports.answerMs);
  if (found.kind === 'alive' && found.status.version === ports.version) return found.status;
  const request = { purpose: `agent of ${files.name}`, waitMs: START_MS, signal };
  return withLock(files.agentStartLock, request, async () => {
    const again = await askAgent(files.agentSocket, 'status', ports.answerMs);
    if (again.kind === 'alive' && again.status.version === ports.version) return again.status;
    if (again.kind === 'alive') await endAgent(files, ports.processes);
    else await killAgent(files, ports.processes);
    return startAgent(files, home, ports, signal);
  });
}

/** Ends the agent, in order if it answers, else by its process; resolves when it has gone. No agent is fine. */
export async function endAgent(files: MachineFiles, processes: Processes): Promise<void> {
  const answer = await askAgent(files.agentSocket, 'stop');
  if (answer.kind === 'alive' && (await hasGone(files))) return;
  await killAgent(files, processes);
}

/** The lock's record names the process beyond doubt, also where its socket is gone or it doesn't answer. */
async function killAgent(files: MachineFiles, processes: Processes): Promise<void> {
  const holder = await lockHolder(files.agentLock);
  if (holder === undefined) return;
  await processes.signal(holder, 'SIGKILL');
  await hasGone(files);
}

/** The agent holds its lock until it has written its last line. */
async function hasGone(files: MachineFiles): Promise<boolean> {
  try {
    await withLock(files.agentLock, { purpose: 'wait for the agent', waitMs: LAST_LINE_MS }, () =>
      Promise.resolve(),
    );
    return true;
  } catch (error) {
    if (error instanceof WherryError && error.code === 'LOCKED') return false;
    throw error;
  }
}

async function startAgent(
  files: MachineFiles,
  home: string,
  ports: AgentPorts,
  signal: AbortSignal | undefined,
): Promise<AgentStatus> {
  await makeOwnerOnlyDirectory(files.runDirectory);
  const argv = [process.execPath, ports.entry ?? agentEntry(), home, files.name];
  const child = await ports.exec.spawnDetached(argv, {
    cwd: home,
    outputFile: files.agentOutput,
    pipeStdout: true,
  });
  const deadline = AbortSignal.timeout(START_MS);
  try {
    const stop = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    const line = await firstLine(child.stdout ?? failWithoutPipe(), stop);
    if (line?.event === 'ready') return line.status;
    if (line?.event === 'failed') throw new WherryError(line);
    throw agentFailed(files, 'it ended without a word');
  } catch (error) {
    if (deadline.aborted) throw agentFailed(files, `it was not ready within ${START_MS / 1000} s`);
    throw error;
  } finally {
    child.release();
  }
}

async function firstLine(stdout: NodeJS.ReadableStream, signal: AbortSignal): Promise<ReadyLine | undefined> {
  const lines = createInterface({ input: stdout, signal });
  for await (const line of lines) return readyLine.parse(JSON.parse(line));
  signal.throwIfAborted();
  return undefined;
}

function failWithoutPipe(): never {
  throw new Error('the agent was started without a pipe for its ready line');
}

function agentFailed(files: MachineFiles, reason: string): WherryError {
  return new WherryError({
    code: 'AGENT_FAILED',
    message: `the agent of "${files.name}" did not start: ${reason}`,
    hint: `Its log:  wherry machine logs --agent ${files.name}`,
  });
}
