import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { ExecConfig } from '../../../protocol/docker/exec.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../../../protocol/streams/detach-keys.ts';
import { STREAM, encodeFrame } from '../../../protocol/streams/mux.ts';
import { conflict, invalid } from '../../errors.ts';
import { availableCapabilities, capabilitySets } from '../../oci/capabilities.ts';
import { renderSpec } from '../../oci/compose.ts';
import { buildEnvironment, overrideEnvironment } from '../../oci/process.ts';
import { parseSecurityOptions } from '../../oci/security-options.ts';
import type { OciProcess } from '../../oci/spec.ts';
import { resolveUser } from '../../oci/user.ts';
import { startConmon } from '../../sys/conmon.ts';
import type { ConmonProcess } from '../../sys/conmon.ts';
import { readTextInRoot } from '../../sys/open-in-root.ts';
import { AttachHub } from '../streams/attach-hub.ts';
import type { AttachRequest } from '../streams/attach-hub.ts';
import { NO_LOG, commonArguments, pair } from '../process/conmon-arguments.ts';
import { publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import type { ExecSession } from './exec-registry.ts';
import { hostnameOf, namesakeOf } from '../network/sandbox-request.ts';
import { requireRunning } from '../registry.ts';
import type { ContainerEntry } from '../registry.ts';
import { explainRuntimeError } from '../process/runtime-errors.ts';
import { capabilitiesOf } from '../security/privileges.ts';

/** @throws EngineError conflict unless the container runs, invalidParameter without a command */
export function createExec(
  context: ContainersContext,
  entry: ContainerEntry,
  config: ExecConfig,
): ExecSession {
  const state = requireRunning(entry);
  if (state.paused) throw conflict(`container ${entry.id} is paused, unpause the container before exec`);
  if (config.Cmd.length === 0) throw invalid('No exec command specified');
  if (parseDetachKeys(config.DetachKeys) === undefined) {
    throw invalid(`Invalid escape keys (${config.DetachKeys}) provided`);
  }
  const session: ExecSession = {
    id: randomBytes(32).toString('hex'),
    containerId: entry.id,
    config,
    state: { status: 'created' },
  };
  context.execs.add(session);
  publish(context, entry, `exec_create: ${config.Cmd.join(' ')}`, { execID: session.id });
  return session;
}

export interface ExecStart {
  /** Rows and columns; zeros: unknown. */
  readonly consoleSize: readonly [number, number];
  /**
   * Opens the client's stream, once it is known that there is something to attach to; undefined to run detached.
   * What fails after that is told in the stream.
   */
  readonly openStream: (() => Duplex) | undefined;
}

/**
 * Runs an exec session's command. Resolves when it has started or, with a stream, when it has ended.
 *
 * @throws EngineError conflict if it ran before; invalidParameter when the command can't be run (detached)
 */
export async function startExec(
  context: ContainersContext,
  session: ExecSession,
  start: ExecStart,
): Promise<void> {
  const entry = context.registry.find(session.containerId);
  if (session.state.status !== 'created') throw conflict(`Error: Exec command ${session.id} has already run`);
  requireRunning(entry);
  const directory = join(context.layout.execs, session.id);
  // Not the session's: that is kept after its end, and its streams aren't.
  const hub = new AttachHub({
    tty: session.config.Tty,
    stdinOnce: true,
    keepClients: true,
    stallLimitMs: context.config.stallLimitMs,
  });
  session.state = { status: 'running', pid: 0 };
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(join(directory, 'process.json'), processSpec(context, entry, session, start), {
      mode: 0o600,
    });
    const conmon = startConmon(context.config.conmon, execArguments(context, session, directory), true);
    conmon.release();
    await conmon.attachReady();
    hub.connect(join(directory, 'attach'));
    const stream = start.openStream?.();
    const closed = stream === undefined ? undefined : hub.add(stream, wanted(context, entry, session));
    publish(context, entry, `exec_start: ${session.config.Cmd.join(' ')}`, { execID: session.id });
    conmon.release();
    const ended = watchEnd(context, entry, session, { conmon, hub, stream });
    if (closed !== undefined) await Promise.all([ended.exit, closed]);
    else await ended.started;
  } catch (error) {
    // What hasn't ended in its own way never will be: nobody watches it any more.
    if (hasNotEnded(session)) context.execs.end(session, 0, 126);
    hub.close();
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** Asked anew: the state has changed under `await`. */
const hasNotEnded = (session: ExecSession): boolean => session.state.status !== 'exited';

function wanted(context: ContainersContext, entry: ContainerEntry, session: ExecSession): AttachRequest {
  const { config } = session;
  return {
    stdin: config.AttachStdin,
    stdout: config.AttachStdout,
    stderr: config.AttachStderr,
    detach: {
      keys: parseDetachKeys(config.DetachKeys) ?? DEFAULT_DETACH_KEYS,
      onDetach: () => publish(context, entry, 'exec_detach', { execID: session.id }),
    },
  };
}

/** conmon writes the pid, or a failure, and at the end the exit code. */
function watchEnd(
  context: ContainersContext,
  entry: ContainerEntry,
  session: ExecSession,
  run: {
    readonly conmon: ConmonProcess;
    readonly hub: AttachHub;
    readonly stream: Duplex | undefined;
  },
): { readonly started: Promise<unknown>; readonly exit: Promise<void> } {
  const { conmon, hub, stream } = run;
  const finish = async (exitCode: number, pid: number): Promise<void> => {
    context.execs.end(session, pid, exitCode);
    publish(context, entry, 'exec_die', { execID: session.id, exitCode: String(exitCode) });
    await rm(join(context.layout.execs, session.id), { recursive: true, force: true });
  };
  const started = (async () => {
    const answer = await conmon.next();
    if (answer !== undefined && answer.data > 0) {
      session.state = { status: 'running', pid: answer.data };
      return answer.data;
    }
    const failure = explainRuntimeError(answer?.message ?? '', session.config.Cmd[0] ?? '');
    const message = `OCI runtime exec failed: exec failed: unable to start container process: ${failure.message}`;
    // Docker's clients look at the exit code; people read the stream.
    stream?.write(session.config.Tty ? `${message}\r\n` : frameOfError(message));
    await finish(failure.exitCode, 0);
    hub.close();
    if (stream === undefined) throw invalid(message);
    return undefined;
  })();
  const exit = (async () => {
    const pid = await started;
    if (pid === undefined) return;
    const answer = await conmon.next();
    await hub.sourceEnded;
    await finish(answer?.data ?? 255, pid);
    // Clients ask for the exit code as soon as the stream has ended.
    hub.close();
  })();
  // Detached, nobody waits for the end but everyone may ask for it.
  exit.catch((error: unknown) => {
    if (stream !== undefined) return;
    if (session.state.status !== 'exited') context.onBackgroundError(error);
  });
  return { started, exit };
}

function frameOfError(message: string): Buffer {
  return encodeFrame(STREAM.stderr, Buffer.from(`${message}\n`));
}

function execArguments(context: ContainersContext, session: ExecSession, directory: string): string[] {
  const { config } = session;
  return [
    commonArguments(context, session.containerId, directory),
    pair('--cuuid', session.id),
    pair('--name', session.id.slice(0, 12)),
    ['--exec', '--exec-attach'],
    pair('--exec-process-spec', join(directory, 'process.json')),
    pair('--exit-dir', directory),
    pair('--log-path', NO_LOG),
    ['--no-sync-log'],
    config.Tty ? ['--terminal'] : [],
    config.AttachStdin ? ['--stdin'] : [],
  ].flat();
}

function processSpec(
  context: ContainersContext,
  entry: ContainerEntry,
  session: ExecSession,
  start: ExecStart,
): string {
  const { pid } = requireRunning(entry).process;
  const { record } = entry;
  const { config } = session;
  const rootfs = `/proc/${pid}/root`;
  const user = resolveUser(
    config.User || record.config.User,
    { passwd: readTextInRoot(rootfs, 'etc/passwd'), group: readTextInRoot(rootfs, 'etc/group') },
    config.User === '' ? record.hostConfig.GroupAdd : [],
  );
  const env = buildEnvironment({
    env: record.config.Env,
    hostname: hostnameOf(namesakeOf(context, record)),
    tty: config.Tty,
    home: user.home,
  });
  overrideEnvironment(env, config.Env);
  const capabilities = config.Privileged ? availableCapabilities() : capabilitiesOf(record.hostConfig);
  const [height, width] = start.consoleSize[0] > 0 ? start.consoleSize : config.ConsoleSize;
  const spec: OciProcess = {
    terminal: config.Tty,
    ...(config.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: config.Cmd,
    env,
    cwd: config.WorkingDir || record.config.WorkingDir || '/',
    capabilities: capabilitySets(capabilities, user.uid),
    rlimits: [],
    noNewPrivileges: parseSecurityOptions(record.hostConfig.SecurityOpt).noNewPrivileges,
  };
  return renderSpec(spec);
}
