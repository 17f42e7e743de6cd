import { lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { messageOf, systemErrorCode, WherryError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../platform/atomic-file.ts';
import type { Exec } from '../../platform/exec.ts';
import type { MachineContext } from '../context.ts';
import { publicName } from '../public-name.ts';
import { autostartPlan, type AutostartPlan } from './plan.ts';

type Where = Pick<MachineContext, 'paths' | 'store'> & {
  readonly agent: { readonly exec: Pick<Exec, 'check' | 'run'> };
};

/** The words that start Wherry itself: node and `bin/run.js`. */
export type Program = readonly string[];

/** What of today's environment a start at login needs: where programs are, and the way out of this network. */
const KEPT =
  /^(?:PATH|HTTPS?_PROXY|NO_PROXY|ALL_PROXY|https?_proxy|no_proxy|all_proxy|DOCKER_CONFIG|SSL_CERT_FILE)$/;

/**
 * Has the operating system start the machine when its user logs in. Once more is as good as once. Returns what else the
 * user should know. Errors: `MACHINE_NOT_FOUND`, `LOCKED`, `AUTOSTART_UNAVAILABLE`, after which all is as it was.
 */
export async function enableAutostart(
  context: Where,
  name: string,
  program: Program,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return held(context, name, signal, async () => {
    const plan = planOf(context, name, program);
    const before = await bytesIfExist(plan.file);
    await mkdir(dirname(plan.file), { recursive: true, mode: 0o755 });
    // Proxies may have passwords.
    await writeFileAtomic(plan.file, plan.content, 0o600);
    try {
      for (const argv of plan.enable) await context.agent.exec.check(argv);
    } catch (error) {
      if (before === undefined) await rm(plan.file, { force: true });
      else await writeFileAtomic(plan.file, before, 0o600);
      throw unavailable(plan, 'enabled', error);
    }
    return plan.note;
  });
}

/** Takes it back. Without it nothing happens. Errors: `MACHINE_NOT_FOUND`, `LOCKED`, `AUTOSTART_UNAVAILABLE`: it is still enabled. */
export async function disableAutostart(
  context: Where,
  name: string,
  program: Program,
  signal?: AbortSignal,
): Promise<void> {
  await held(context, name, signal, async () => {
    const plan = await planIfAny(context, name, program);
    if (plan === undefined) return;
    await takeBack(context, plan);
    await forget(context, plan);
  });
}

/**
 * {@link disableAutostart} for a machine that is going, whose lock is held: what its files say of it goes, whatever the
 * operating system answers.
 * @param onFailure told what that was
 */
export async function forgetAutostart(
  context: Where,
  name: string,
  onFailure: (reason: string) => void,
): Promise<void> {
  const plan = await planIfAny(context, name, []);
  if (plan === undefined) return;
  try {
    await takeBack(context, plan);
  } catch (error) {
    if (!(error instanceof WherryError)) throw error;
    onFailure(error.message);
  }
  await forget(context, plan);
}

/** Errors: `MACHINE_NOT_FOUND`. */
export async function isAutostarted(context: Where, name: string): Promise<boolean> {
  await context.store.load(name);
  const plan = autostartPlan(context.paths.platform, requestOf(context, name, []));
  return plan !== undefined && (await isThere(plan.mark));
}

async function held<T>(
  context: Where,
  name: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  await context.store.load(name);
  return context.store.withLock(name, { verb: 'autostart', signal }, async () => {
    await context.store.load(name);
    return work();
  });
}

/** The plan where there is anything of it. */
async function planIfAny(context: Where, name: string, program: Program): Promise<AutostartPlan | undefined> {
  const plan = autostartPlan(context.paths.platform, requestOf(context, name, program));
  if (plan === undefined) return undefined;
  return (await isThere(plan.file)) || (await isThere(plan.mark)) ? plan : undefined;
}

/** Has the operating system let go of it. Error: `AUTOSTART_UNAVAILABLE`. */
async function takeBack(context: Where, plan: AutostartPlan): Promise<void> {
  for (const argv of plan.disable) {
    try {
      await context.agent.exec.check(argv);
    } catch (error) {
      if (!(error instanceof WherryError)) throw error;
      if (await hasIt(context, plan)) throw unavailable(plan, 'disabled', error);
    }
  }
}

async function hasIt({ agent }: Where, { mark, stillThere }: AutostartPlan): Promise<boolean> {
  if (stillThere === undefined) return isThere(mark);
  try {
    return (await agent.exec.run(stillThere)).exitCode === 0;
  } catch (error) {
    // Whoever would start the machine can't be asked: nothing says that it won't.
    if (error instanceof WherryError) return true;
    throw error;
  }
}

async function forget(context: Where, plan: AutostartPlan): Promise<void> {
  await rm(plan.mark, { force: true });
  await rm(plan.file, { force: true });
  for (const argv of plan.afterwards) {
    try {
      await context.agent.exec.run(argv);
    } catch (error) {
      // The files have gone. Whoever would be told to read them again reads them when it starts.
      if (!(error instanceof WherryError)) throw error;
    }
  }
}

/** A link that leads nowhere is there, too. */
async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function bytesIfExist(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function planOf(context: Where, name: string, program: Program): AutostartPlan {
  const { platform } = context.paths;
  const plan = autostartPlan(platform, requestOf(context, name, program));
  if (plan !== undefined) return plan;
  throw new WherryError({
    code: 'AUTOSTART_UNAVAILABLE',
    message: `Wherry knows no way to start machines at login on ${platform}`,
  });
}

function requestOf(context: Where, name: string, program: Program) {
  const { paths, store } = context;
  const machine = [...program, '--storage-path', store.home, 'machine'];
  return {
    machine: name,
    name: publicName(context, name),
    start: [...machine, 'autostart', 'run', name],
    stop: [...machine, 'stop', name],
    environment: Object.fromEntries(
      Object.entries(paths.env).flatMap(([key, value]) =>
        value !== undefined && KEPT.test(key) ? [[key, value] as const] : [],
      ),
    ),
    homeDirectory: paths.homeDirectory,
    env: paths.env,
    directory: store.files(name).directory,
    uid: paths.uid,
    user: accountOf(paths.env),
  };
}

function accountOf(env: Readonly<Record<string, string | undefined>>): string {
  const { username } = userInfo();
  const domain = env['USERDOMAIN'];
  return domain === undefined || domain === '' ? username : `${domain}\\${username}`;
}

function unavailable(plan: AutostartPlan, what: 'enabled' | 'disabled', error: unknown): WherryError {
  const [first] = plan.enable;
  return new WherryError({
    code: 'AUTOSTART_UNAVAILABLE',
    message: `autostart could not be ${what}: ${messageOf(error)}`,
    hint:
      first?.[0] === 'systemctl'
        ? "It takes systemd's instance for your user, which a login starts. Does this work?  systemctl --user status"
        : undefined,
    cause: error,
  });
}
