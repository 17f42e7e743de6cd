import { apiPath } from '../engine-client/api-path.ts';
import type { EngineClient } from '../engine-client/client.ts';
import type { StreamName } from '../flags/attach.ts';
import type { Terminal } from '../streams/terminal.ts';
import { startAttached } from './start-attached.ts';

/** What `start -a` wants to know of a container. */
interface Inspected {
  readonly Id: string;
  readonly Config: { readonly Tty: boolean; readonly OpenStdin: boolean };
  readonly HostConfig: { readonly AutoRemove: boolean };
}

/** Starts a container and joins the terminal to it. @returns the container's exit status; 0 where detached */
export async function startAndAttach(
  engine: EngineClient,
  request: { readonly container: string; readonly stdin: boolean; readonly detachKeys: string | undefined },
  terminal: Terminal,
): Promise<number> {
  const {
    Id: id,
    Config,
    HostConfig,
  } = await engine.json<Inspected>('GET', apiPath`/containers/${request.container}/json`);
  const streams = new Set<StreamName>(['stdout', 'stderr']);
  if (request.stdin && Config.OpenStdin) streams.add('stdin');
  const { Tty: tty } = Config;
  const { detachKeys } = request;
  return startAttached(
    engine,
    id,
    { streams, tty, detachKeys, removed: HostConfig.AutoRemove, sigProxy: !tty },
    terminal,
  );
}
