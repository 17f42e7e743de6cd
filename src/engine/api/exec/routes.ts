import { join } from 'node:path';
import { execStartConfig } from '../../../protocol/docker/exec.ts';
import { parseDetachKeys } from '../../../protocol/streams/detach-keys.ts';
import { publish } from '../../containers/context.ts';
import type { ContainersContext } from '../../containers/context.ts';
import { startExec } from '../../containers/exec/exec-container.ts';
import type { ExecSession } from '../../containers/exec/exec-registry.ts';
import { resizeTerminal } from '../../containers/streams/resize.ts';
import { conflict, invalid } from '../../errors.ts';
import { streamType } from '../containers/attach.ts';
import { terminalSize } from '../containers/handlers.ts';
import type { ApiRequest, Route } from '../route.ts';

/** `/exec/…` of the Docker Engine API v1.51. */
export function execRoutes(context: ContainersContext): Route[] {
  const sessionOf = (request: ApiRequest): ExecSession => context.execs.find(request.params['id'] ?? '');
  return [
    {
      method: 'POST',
      path: '/exec/{id}/start',
      handle: async (request, response) => {
        const session = sessionOf(request);
        const parsed = execStartConfig.safeParse((await request.json()) ?? {});
        if (!parsed.success) throw invalid(`invalid exec start configuration: ${parsed.error.message}`);
        const { Detach: detach, ConsoleSize: consoleSize } = parsed.data;
        const openStream = detach ? undefined : () => response.hijack(streamType(session.config.Tty));
        await startExec(context, session, { consoleSize, openStream });
        if (detach) response.empty(200);
      },
    },
    {
      method: 'POST',
      path: '/exec/{id}/resize',
      handle: async (request, response) => {
        const session = sessionOf(request);
        if (session.state.status !== 'running') throw conflict(`exec ${session.id} is not running`);
        const [rows, columns] = terminalSize(request);
        await resizeTerminal(join(context.layout.execs, session.id), rows, columns);
        publish(context, context.registry.find(session.containerId), 'resize', {
          execID: session.id,
          height: String(rows),
          width: String(columns),
        });
        response.empty(200);
      },
    },
    {
      method: 'GET',
      path: '/exec/{id}/json',
      handle: (request, response) => response.json(200, inspectExec(sessionOf(request))),
    },
  ];
}

/** ExecInspectResponse; field order as Docker's. */
function inspectExec(session: ExecSession): Record<string, unknown> {
  const { config, state } = session;
  return {
    ID: session.id,
    Running: state.status === 'running',
    ExitCode: state.status === 'exited' ? state.exitCode : null,
    ProcessConfig: {
      tty: config.Tty,
      entrypoint: config.Cmd[0] ?? '',
      arguments: config.Cmd.slice(1),
      privileged: config.Privileged,
    },
    OpenStdin: config.AttachStdin,
    OpenStderr: config.AttachStderr,
    OpenStdout: config.AttachStdout,
    CanRemove: false,
    ContainerID: session.containerId,
    // Bytes, which Go's JSON encoder writes as base64.
    DetachKeys: config.DetachKeys === '' ? '' : parseDetachKeys(config.DetachKeys)?.toString('base64'),
    Pid: state.status === 'created' ? 0 : state.pid,
  };
}
