import { apiPath } from '../engine-client/api-path.ts';
import { WherryError } from '../../core/errors.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import type { Narrator } from '../explain/narrator.ts';
import type { Cached } from '../explain/steps.ts';
import type { Terminal } from '../streams/terminal.ts';
import { openCidFile } from './cid-file.ts';
import { attachedStreams } from '../flags/attach.ts';
import type { CreateBody, RunFlags } from './create-body.ts';
import { ENGINE_FAILED, runFailure, startAttached, startContainer } from './start-attached.ts';
import { withDefaultTag } from './image-name.ts';
import { pullImage, type PulledLayers } from './pull-image.ts';

export interface RunRequest {
  readonly image: string;
  /** What the container is created from, checked before anything is started for it. */
  readonly body: CreateBody;
  readonly flags: RunFlags & {
    readonly pull: string;
    readonly platform?: string | undefined;
    readonly quiet: boolean;
    readonly 'detach-keys'?: string | undefined;
    readonly 'sig-proxy'?: boolean | undefined;
  };
  /** Told of each step, with `--explain`. */
  readonly narrator?: Narrator | undefined;
}

/**
 * create → (pull) → attach → wait → start, in the order that docker's own client keeps.
 * @returns the exit status of `wherry run`
 */
export async function runContainer(
  engine: EngineClient,
  request: RunRequest,
  terminal: Terminal,
): Promise<number> {
  const id = await createContainer(engine, request, terminal);
  const { flags, narrator } = request;
  if (flags.detach) return startDetached(engine, id, request, terminal);
  const options = {
    streams: attachedStreams(flags),
    tty: flags.tty,
    removed: flags.rm,
    detachKeys: flags['detach-keys'],
    sigProxy: flags['sig-proxy'] !== false,
    narrator,
  };
  return startAttached(engine, id, options, terminal);
}

/** Creates, pulling first where the policy says so. @returns the container's id */
export async function createContainer(
  engine: EngineClient,
  request: RunRequest,
  terminal: Terminal,
): Promise<string> {
  const cidFile = openCidFile(request.flags.cidfile);
  try {
    await request.narrator?.asked();
    const id = await createOrPull(engine, request, terminal);
    cidFile.write(id);
    return id;
  } finally {
    cidFile.close();
  }
}

async function createOrPull(engine: EngineClient, request: RunRequest, terminal: Terminal): Promise<string> {
  const { image, body, flags } = request;
  const create = () =>
    engine.json<{ Id: string; Warnings?: string[] | null }>('POST', '/containers/create', {
      query: { name: flags.name, platform: flags.platform },
      body,
    });
  let layers: PulledLayers | undefined;
  const pull = async (policy: 'always' | 'missing'): Promise<void> => {
    const { platform, quiet } = flags;
    const request = { reference: image, platform, policy, quiet };
    layers = await pullImage(engine, request, terminal.stderr, terminal.stderr);
  };
  const created = async (): Promise<string> => {
    const id = warned(await create(), terminal);
    request.narrator?.cache(cachedOf(image, layers));
    return id;
  };
  if (flags.pull === 'always') await pull('always');
  try {
    return await created();
  } catch (error) {
    const isMissing = error instanceof EngineAnswerError && error.status === 404;
    if (!isMissing || flags.pull !== 'missing' || !(await imageIsMissing(engine, image))) throw error;
  }
  if (!flags.quiet) terminal.stderr.write(`Unable to find image '${withDefaultTag(image)}' locally\n`);
  await pull('missing');
  return await created();
}

function cachedOf(image: string, layers: PulledLayers | undefined): Cached {
  return {
    Image: withDefaultTag(image),
    Hit: layers === undefined,
    PulledLayers: layers?.pulled ?? [],
    ExistingLayers: layers?.existing ?? [],
  };
}

/** A 404 of create may also be a missing network: only a missing image is worth a pull. */
async function imageIsMissing(engine: EngineClient, image: string): Promise<boolean> {
  try {
    await engine.json('GET', apiPath`/images/${image}/json`);
    return false;
  } catch (error) {
    if (error instanceof EngineAnswerError && error.status === 404) return true;
    throw error;
  }
}

function warned(created: { Id: string; Warnings?: string[] | null }, terminal: Terminal): string {
  for (const warning of created.Warnings ?? []) terminal.stderr.write(`WARNING: ${warning}\n`);
  return created.Id;
}

async function startDetached(
  engine: EngineClient,
  id: string,
  { narrator }: RunRequest,
  terminal: Terminal,
): Promise<number> {
  await startContainer(engine, id, narrator);
  terminal.stdout.write(`${id}\n`);
  return 0;
}

/** Whatever goes wrong outside the container is docker's 125; the words stay the error's own. */
export function asRunFailure(error: unknown): unknown {
  if (error instanceof EngineAnswerError) return runFailure(error, ENGINE_FAILED);
  if (!(error instanceof WherryError) || error.code === 'RUN_FAILED') return error;
  const { code, message, hint, bare, cause } = error;
  return new WherryError({ code, message, hint, bare, exitCode: ENGINE_FAILED, cause: cause ?? error });
}
