import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../core/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../platform/atomic-file.ts';
import { namesIn } from '../platform/leftover.ts';
import type { PathInputs } from '../platform/paths.ts';
import type { MachineContext } from './context.ts';
import { dockerUrl } from './docker-url.ts';
import { isRunning, lookAt } from './lifecycle.ts';
import { urlOf } from './machine-url.ts';
import { isDefaultHome, publicName } from './public-name.ts';

/** What tells a machine's context from others of that name. docker keeps what it doesn't know of `Metadata`. */
const ownMeta = z.looseObject({
  Metadata: z.looseObject({ Wherry: z.object({ Home: z.string(), Machine: z.string() }) }),
});

type Where = Pick<MachineContext, 'paths' | 'store'>;

/** `made`: it is there now, as it should be; `foreign`: one of that name is somebody else's, and was left alone. */
export type ContextOutcome = 'made' | 'foreign';

/**
 * Writes the machine's context into docker's store of them (docker CLI, cli/context/store: a directory by the name's
 * SHA-256 in `contexts/meta`), so that `docker --context wherry-NAME ps` finds the machine. Which context is the
 * current one stays as it is.
 */
export async function addDockerContext(context: MachineContext, machine: string): Promise<ContextOutcome> {
  const name = publicName(context, machine);
  const file = metaFile(context.paths, name);
  if (!(await isOwnOrAbsent(context, file, machine))) return 'foreign';
  const meta = {
    Name: name,
    Metadata: {
      Description: `Wherry machine "${machine}"`,
      Wherry: { Home: context.store.home, Machine: machine },
    },
    Endpoints: { docker: { Host: await hostOf(context, machine), SkipTLSVerify: false } },
  };
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  await writeFileAtomic(file, JSON.stringify(meta), 0o644);
  return 'made';
}

/**
 * For a new machine of the default home; those of others (tests, CI, trials) get a context only when somebody asks for
 * it. What goes wrong is a note: a machine doesn't depend on it.
 */
export async function offerDockerContext(
  context: MachineContext,
  machine: string,
  note: (text: string) => void,
): Promise<void> {
  if (!isDefaultHome(context)) return;
  const name = publicName(context, machine);
  try {
    if ((await addDockerContext(context, machine)) === 'made') return;
    note(`Note: docker's context "${name}" isn't this machine's and was left as it is`);
  } catch (error) {
    note(`Note: docker's context "${name}" could not be made: ${messageOf(error)}`);
  }
}

/** Removes the machine's context, if it is the machine's. */
export async function removeDockerContext(context: Where, machine: string): Promise<void> {
  const file = metaFile(context.paths, publicName(context, machine));
  if ((await readTextIfExists(file)) === undefined || !(await isOwnOrAbsent(context, file, machine))) return;
  await rm(dirname(file), { recursive: true, force: true });
}

/** The contexts of this home's machines that are no more: their directories were removed by hand. */
export async function abandonedDockerContexts(
  context: Where,
): Promise<{ readonly machine: string; readonly directory: string }[]> {
  const directory = metaDirectory(context.paths);
  const found = [];
  for (const entry of await namesIn(directory)) {
    if (!(await namesIn(join(directory, entry))).includes('meta.json')) continue;
    const own = await ownerOf(join(directory, entry, 'meta.json'));
    if (own === undefined || own.Home !== context.store.home) continue;
    if (await context.store.exists(own.Machine)) continue;
    found.push({ machine: own.Machine, directory: join(directory, entry) });
  }
  return found;
}

async function isOwnOrAbsent({ store }: Where, file: string, machine: string): Promise<boolean> {
  if ((await readTextIfExists(file)) === undefined) return true;
  const own = await ownerOf(file);
  return own?.Home === store.home && own.Machine === machine;
}

/** Whose context that is; undefined for what Wherry didn't write. */
async function ownerOf(
  file: string,
): Promise<{ readonly Home: string; readonly Machine: string } | undefined> {
  let value: unknown;
  try {
    value = JSON.parse((await readTextIfExists(file)) ?? 'null');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return ownMeta.safeParse(value).data?.Metadata.Wherry;
}

/** Where somebody else's engine is, or the machine's socket, which is there while it runs. */
async function hostOf(context: MachineContext, name: string): Promise<string> {
  const stored = await context.store.find(name);
  const machine = stored === undefined ? undefined : await lookAt(context, stored, true);
  if (machine !== undefined && isRunning(machine)) return urlOf(machine);
  return dockerUrl(context.store.files(name).dockerSocket);
}

function metaFile(paths: PathInputs, name: string): string {
  return join(metaDirectory(paths), createHash('sha256').update(name).digest('hex'), 'meta.json');
}

function metaDirectory({ env, homeDirectory }: PathInputs): string {
  const configured = env['DOCKER_CONFIG'];
  const docker = configured === undefined || configured === '' ? join(homeDirectory, '.docker') : configured;
  return join(docker, 'contexts', 'meta');
}
