import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';
import type { Arch } from '../../core/arch.ts';
import { imageDocuments } from '../../image-builder/bootstrap/image-archive.ts';
import { writeLayer } from '../../image-builder/bootstrap/layer-file.ts';
import type { PreparedImage } from '../../image-builder/bootstrap/prepare.ts';
import { settledLayer } from '../../image-builder/bootstrap/settled-layer.ts';
import type { Reporter } from '../../machine/context.ts';
import { checkOutputPath } from '../copy/local.ts';
import { apiPath } from '../engine-client/api-path.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import type { Composer, PrepareRequest } from '../images/composer.ts';
import { followPreparation } from './follow-preparation.ts';
import { loadFirst, loadImage } from './load-image.ts';
import { ownLayer, runSecondStage } from './run-second-stage.ts';
import { withWorkDirectory } from './work-directory.ts';

export interface BootstrapRequest extends Pick<
  PrepareRequest,
  'release' | 'slim' | 'arch' | 'variant' | 'include' | 'offline'
> {
  /** The image's name, `debian:trixie`. */
  readonly name: string;
  /** Where a copy of the SBOM goes on the host. */
  readonly sbomFile: string | undefined;
}

export interface BootstrapTools {
  readonly composer: Pick<Composer, 'prepare'>;
  readonly engine: EngineClient;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
  /** Below it is what goes to the machine, hundreds of MB: a disk rather than a /tmp in memory. */
  readonly scratch: string;
}

/** How long what is left behind may take to be removed, once everything else is over. */
const CLEAN_UP_MS = 60_000;

/** After a call that was cut off, the engine may be about to finish what it was asked to make. */
const LOOK_AGAIN_MS = 500;

/**
 * Makes an image of Debian packages: unpacked here, configured in a container, and put together again.
 * Whatever goes wrong, no container and no half image stays.
 * @returns the image's id
 */
export async function bootstrapImage(tools: BootstrapTools, request: BootstrapRequest): Promise<string> {
  const { sbomFile } = request;
  if (sbomFile !== undefined) await checkOutputPath(sbomFile, 'failed to write the SBOM: ');
  return withWorkDirectory(tools.scratch, async (workDir) => {
    const prepared = await prepare(tools, request, workDir);
    const id = await complete(tools, request, prepared, workDir);
    if (sbomFile !== undefined) await writeFile(sbomFile, prepared.sbom);
    return id;
  });
}

async function prepare(
  { composer, reporter, signal }: BootstrapTools,
  request: BootstrapRequest,
  workDir: string,
): Promise<PreparedImage> {
  return reporter.step('Unpack the Debian packages', async (say) => {
    const follow = followPreparation(say);
    const prepared = await composer.prepare({ ...request, workDir, signal, onProgress: follow.onProgress });
    return { value: prepared, summary: follow.summary(prepared) };
  });
}

async function complete(
  { engine, reporter, signal }: BootstrapTools,
  request: BootstrapRequest,
  prepared: PreparedImage,
  workDir: string,
): Promise<string> {
  const token = randomBytes(6).toString('hex');
  const container = `wherry-bootstrap-${token}`;
  const packages = { file: prepared.layer, createdBy: createdBy(request) };
  const common = { arch: request.arch, created: prepared.created };
  // Its label makes it this run's own: it can be removed without a look at who else is bootstrapping.
  const half = imageDocuments({
    ...common,
    layers: [packages],
    labels: { 'org.wherry.bootstrap.run': token },
  });
  try {
    await reporter.step('Send them to the machine', async () => {
      const sent = await loadFirst(engine, half, prepared.layer, signal);
      return { value: undefined, summary: sent ? megabytes(prepared.layer.size) : 'there already' };
    });
    await reporter.step("Run the packages' scripts", async (say) => {
      let done = 0;
      const onConfigure = (name: string): void => {
        done += 1;
        say(`configuring ${name} (${done}/${prepared.packages.length})`);
      };
      await runSecondStage(engine, { image: half.id, prepared, container, onConfigure, signal });
      return { value: undefined, summary: `${prepared.packages.length} packages configured` };
    });
    return await reporter.step('Make the image', async () => {
      const own = await ownLayer(engine, container, signal);
      const settled = settledLayer(own, prepared.created);
      const scripts = await writeLayer(settled, join(workDir, 'scripts.tar.gz'), signal);
      const layers = [packages, { file: scripts, createdBy: 'dpkg --configure -a' }];
      const whole = imageDocuments({ ...common, layers, labels: prepared.labels, name: request.name });
      await loadImage(engine, whole, [scripts], signal);
      return { value: whole.id, summary: `${request.name} is ${whole.id.slice(7, 19)}` };
    });
  } finally {
    await removeTraces({ engine, reporter, signal }, container, half.id);
  }
}

/** Not ended by Ctrl-C: that is when it is needed most. Nor over a connection that Ctrl-C ends. */
async function removeTraces(
  { engine, reporter, signal: interrupted }: Pick<BootstrapTools, 'engine' | 'reporter' | 'signal'>,
  container: string,
  image: string,
): Promise<void> {
  const signal = AbortSignal.timeout(CLEAN_UP_MS);
  const cleaner = engine.withSignal(signal);
  const wasThere = async (path: string, query: Readonly<Record<string, number>>): Promise<boolean> => {
    try {
      await cleaner.json('DELETE', path, { query });
      return true;
    } catch (error) {
      if (error instanceof EngineAnswerError && error.status === 404) return false;
      throw error;
    }
  };
  const remove = async (path: string, query: Readonly<Record<string, number>>): Promise<void> => {
    try {
      if ((await wasThere(path, query)) || !interrupted.aborted) return;
      await pause(LOOK_AGAIN_MS, undefined, { signal });
      await wasThere(path, query);
    } catch (error) {
      reporter.note(`${path} of the unfinished image could not be removed: ${messageOf(error)}`);
    }
  };
  try {
    await remove(apiPath`/containers/${container}`, { force: 1, v: 1 });
    await remove(apiPath`/images/${image}`, { force: 1 });
  } finally {
    cleaner.close();
  }
}

function createdBy({ release, slim, variant, include }: BootstrapRequest): string {
  const included = include.length === 0 ? '' : ` --include ${include.join(',')}`;
  return `wherry image bootstrap debian:${release}${slim ? '-slim' : ''} --variant ${variant}${included}`;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;

/** @throws EngineAnswerError for a name that no image can have */
export async function requireUsableName(engine: EngineClient, name: string): Promise<void> {
  try {
    await engine.json('GET', apiPath`/images/${name}/json`);
  } catch (error) {
    if (!(error instanceof EngineAnswerError && error.status === 404)) throw error;
  }
}

/** The architecture of the machine's engine. */
export async function engineArch(engine: EngineClient): Promise<Arch> {
  return (await engine.json<{ Arch: Arch }>('GET', '/version')).Arch;
}
