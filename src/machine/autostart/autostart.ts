import { mkdir, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { messageOf, WherryError } from '../../core/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../../platform/atomic-file.ts';
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
 * user should know. Errors: `MACHINE_NOT_FOUND`, `AUTOSTART_UNAVAILABLE`, after which nothing is left of it.
 */
export async function enableAutostart(
  context: Where,
  name: string,
  program: Program,
): Promise<string | undefined> {
  await context.store.load(name);
  const plan = planOf(context, name, program);
  await mkdir(dirname(plan.file), { recursive: true, mode: 0o755 });
  // Proxies may have passwords.
  await writeFileAtomic(plan.file, plan.content, 0o600);
  try {
    for (const argv of plan.enable) await context.agent.exec.check(argv);
  } catch (error) {
    await rm(plan.file, { force: true });
    throw unavailable(plan, error);
  }
  return plan.note;
}

/** Takes it back. Without it nothing happens. Errors: `MACHINE_NOT_FOUND`. */
export async function disableAutostart(context: Where, name: string, program: Program): Promise<void> {
  await context.store.load(name);
  await forgetAutostart(context, name, program);
}

/** {@link disableAutostart} for a machine that is going. */
export async function forgetAutostart(context: Where, name: string, program: Program = []): Promise<void> {
  const plan = autostartPlan(context.paths.platform, requestOf(context, name, program));
  if (plan === undefined || (await readTextIfExists(plan.file)) === undefined) return;
  await runAll(context, plan.disable);
  await rm(plan.file, { force: true });
  await runAll(context, plan.afterwards);
}

/** Errors: `MACHINE_NOT_FOUND`. */
export async function isAutostarted(context: Where, name: string): Promise<boolean> {
  await context.store.load(name);
  const plan = autostartPlan(context.paths.platform, requestOf(context, name, []));
  return plan !== undefined && (await readTextIfExists(plan.file)) !== undefined;
}

/** What fails here had nothing to undo: it wasn't loaded, or whoever would know isn't running. */
async function runAll(context: Where, commands: readonly (readonly string[])[]): Promise<void> {
  for (const argv of commands) {
    try {
      await context.agent.exec.run(argv);
    } catch (error) {
      if (!(error instanceof WherryError)) throw error;
    }
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

function unavailable(plan: AutostartPlan, error: unknown): WherryError {
  const [first] = plan.enable;
  return new WherryError({
    code: 'AUTOSTART_UNAVAILABLE',
    message: `autostart could not be enabled: ${messageOf(error)}`,
    hint:
      first?.[0] === 'systemctl'
        ? "It takes systemd's instance for your user, which a login starts. Does this work?  systemctl --user status"
        : undefined,
    cause: error,
  });
}
