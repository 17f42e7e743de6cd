import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { PreparedImage } from '../../image-builder/bootstrap/prepare.ts';
import { STAGE_FOLDER } from '../../image-builder/bootstrap/second-stage.ts';
import { stageArchive } from '../../image-builder/bootstrap/stage-archive.ts';
import { WherryError } from '../../core/errors.ts';
import { apiPath } from '../engine-client/api-path.ts';
import type { EngineClient } from '../engine-client/client.ts';
import { exitStatus } from '../run/exit-status.ts';
import { demultiplex } from '../streams/demultiplex.ts';
import { StageOutput } from './stage-output.ts';

export interface SecondStage {
  readonly image: string;
  readonly prepared: PreparedImage;
  /** The container's name, so that whoever has to can find and remove it. */
  readonly container: string;
  readonly onConfigure: (name: string) => void;
  readonly signal: AbortSignal;
}

/** What makes the scripts' results the same each time, as far as they heed it (reproducible-builds.org, SOURCE_DATE_EPOCH). */
const environment = (created: number): string[] => [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  'HOME=/root',
  'LC_ALL=C.UTF-8',
  'TZ=UTC',
  'DEBIAN_FRONTEND=noninteractive',
  'DEBCONF_NONINTERACTIVE_SEEN=true',
  `SOURCE_DATE_EPOCH=${created}`,
  'PERL_HASH_SEED=0',
  'PYTHONHASHSEED=0',
];

/**
 * Runs the packages' scripts in a container without network, to its end.
 * @throws ENGINE_TOO_OLD before they run; PACKAGE_SCRIPT_FAILED with the package's name and what it printed last
 */
export async function runSecondStage(engine: EngineClient, stage: SecondStage): Promise<void> {
  const { prepared, signal } = stage;
  const { Id: id } = await engine.json<{ Id: string }>('POST', '/containers/create', {
    query: { name: stage.container },
    body: {
      Image: stage.image,
      Hostname: 'debian',
      Entrypoint: [`/${STAGE_FOLDER}/run`],
      Cmd: [],
      Env: environment(prepared.created),
      User: '0:0',
      WorkingDir: '/',
      AttachStdout: true,
      AttachStderr: true,
      // dpkg brings each step of each package to the disk there, and all of it to its own record at the end.
      HostConfig: { NetworkMode: 'none', Tmpfs: { '/var/lib/dpkg/updates': '' } },
    },
    signal,
  });
  // Asked while there is nothing in it yet: what the scripts make could not be fetched from such an engine.
  await finished((await ownLayer(engine, id, signal)).resume());
  const sent = await engine.stream('PUT', apiPath`/containers/${id}/archive`, {
    query: { path: '/' },
    body: Readable.from(stageArchive(prepared), { objectMode: false }),
    signal,
  });
  sent.resume();

  const output = new StageOutput(stage.onConfigure);
  const { stream } = await engine.hijack('POST', apiPath`/containers/${id}/attach`, {
    query: { stream: 1, stdout: 1, stderr: 1 },
    signal,
  });
  const stop = (): void => void stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    stream.end();
    const waiting = await engine.stream('POST', apiPath`/containers/${id}/wait`, {
      query: { condition: 'next-exit' },
      signal,
    });
    const read = demultiplex(stream, output.stdout, output.stderr);
    // Its failure is thrown where it is waited for.
    read.catch(() => undefined);
    await engine.json('POST', apiPath`/containers/${id}/start`, { signal });
    await read;
    const status = await exitStatus(waiting);
    output.stdout.end();
    output.stderr.end();
    if (status !== 0) throw output.failure(status);
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

/** The container's own layer as a tar stream. @throws ENGINE_TOO_OLD */
export async function ownLayer(engine: EngineClient, id: string, signal: AbortSignal): Promise<Readable> {
  const answer = await engine.stream('GET', apiPath`/containers/${id}/export`, {
    query: { layer: true },
    signal,
  });
  if (answer.headers['x-wherry-export'] === 'layer') return answer;
  answer.destroy();
  throw new WherryError({
    code: 'ENGINE_TOO_OLD',
    message:
      "The machine's engine can't hand out a container's own layer: it is older than this Wherry, or not Wherry's",
    hint: 'Create a new machine:  wherry machine create NAME',
  });
}
