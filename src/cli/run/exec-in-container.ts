import { apiPath } from '../engine-client/api-path.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { followSize, type Terminal } from '../streams/terminal.ts';
import { environmentEntry } from '../flags/environment.ts';
import { readKeyValueFile } from '../flags/key-value-file.ts';
import { attachSession } from './attach-session.ts';

export interface ExecRequest {
  readonly container: string;
  readonly command: readonly string[];
  readonly flags: {
    readonly interactive: boolean;
    readonly tty: boolean;
    readonly detach: boolean;
    readonly privileged: boolean;
    readonly env?: readonly string[] | undefined;
    readonly workdir?: string | undefined;
    readonly user?: string | undefined;
    readonly 'env-file'?: readonly string[] | undefined;
    readonly 'detach-keys'?: string | undefined;
  };
}

/** @returns the command's exit status (0 where detached) */
export async function execInContainer(
  engine: EngineClient,
  request: ExecRequest,
  terminal: Terminal,
): Promise<number> {
  const { flags } = request;
  const attached = !flags.detach;
  const variables = [...(flags['env-file'] ?? []).flatMap(readKeyValueFile), ...(flags.env ?? [])];
  const { Id: id } = await engine.json<{ Id: string }>(
    'POST',
    apiPath`/containers/${request.container}/exec`,
    {
      body: {
        AttachStdin: flags.interactive && attached,
        AttachStdout: attached,
        AttachStderr: attached,
        Tty: flags.tty,
        Detach: flags.detach,
        DetachKeys: flags['detach-keys'] ?? '',
        Privileged: flags.privileged,
        User: flags.user ?? '',
        WorkingDir: flags.workdir ?? '',
        Env:
          variables.length === 0 ? null : variables.flatMap((entry) => environmentEntry(entry, process.env)),
        Cmd: request.command,
      },
    },
  );
  const body = { Detach: flags.detach, Tty: flags.tty };
  if (flags.detach) {
    await engine.json('POST', apiPath`/exec/${id}/start`, { body });
    return 0;
  }
  const { stream } = await engine.hijack('POST', apiPath`/exec/${id}/start`, { body });
  let stop: (() => void) | undefined;
  if (flags.tty) {
    const resize = (h: number, w: number) =>
      engine.json<void>('POST', apiPath`/exec/${id}/resize`, { query: { h, w } });
    stop = followSize(terminal.stdout, resize, () => stop?.());
  }
  try {
    const end = await attachSession(stream, terminal, {
      stdin: flags.interactive,
      tty: flags.tty,
      detachKeys: flags['detach-keys'],
    });
    if (end === 'detached') return 0;
  } finally {
    stop?.();
  }
  const { ExitCode } = await engine.json<{ ExitCode: number | null }>('GET', apiPath`/exec/${id}/json`);
  return ExitCode ?? 0;
}
