import { readdir } from 'node:fs/promises';
import { endAgent } from '../agent/client/ensure-agent.ts';
import { messageOf, WherryError } from '../core/errors.ts';
import { DEFAULT_DRIVER } from '../drivers/registry.ts';
import { readTextIfExists } from '../platform/atomic-file.ts';
import { forgetAutostart } from './autostart/autostart.ts';
import type { MachineContext } from './context.ts';
import { removeDockerContext } from './docker-context.ts';
import { defaultSize } from './defaults.ts';
import { specOf } from './lifecycle.ts';
import type { MachineFiles } from './store/filenames.ts';
import { CONFIG_VERSION, type MachineConfig } from './store/machine-config.ts';

/**
 * Removes a machine, ending it first if it runs. `force` also removes one whose machine.json can't be read or whose
 * driver can't be had or fails to remove its files. Whether the user meant it is the caller's question. An interruption
 * leaves the machine as it was, or, once its VM is ended, comes too late: nothing is left half-removed.
 * Errors: `MACHINE_NOT_FOUND`, `LOCKED`, `KILL_FAILED`.
 */
export async function removeMachine(
  context: MachineContext,
  name: string,
  options: {
    readonly force: boolean;
    /** Told what the driver could not remove, where `force` makes do without. */
    readonly onLeft?: (reason: string) => void;
    /** Told what the user should know, though the machine has gone. */
    readonly onNote?: (text: string) => void;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<void> {
  if (!(await context.store.exists(name))) throw removalError(name);
  await context.store.withLock(name, { verb: 'rm', signal: options.signal }, async () => {
    const stored = await context.store.find(name);
    if (stored === undefined) throw removalError(name);
    if (stored.state === 'broken' && !options.force) await context.store.load(name);
    options.signal?.throwIfAborted();
    await endVm(context, stored.state === 'ok' ? stored : await salvaged(context, stored.files), options);
    await endAgent(stored.files, context.agent.processes);
    // While the machine's directory is there: on Windows it tells whether there is anything to withdraw.
    await forgetAutostart(context, name, (reason) => options.onNote?.(`Note: ${reason}`));
    await context.store.remove(name);
    await withdraw(context, name, options);
  });
}

async function withdraw(
  context: MachineContext,
  name: string,
  { onNote }: Parameters<typeof removeMachine>[2],
): Promise<void> {
  try {
    await removeDockerContext(context, name);
  } catch (error) {
    onNote?.(`Note: docker's context of "${name}" could not be removed: ${messageOf(error)}`);
  }
}

/**
 * Ends the VM and has the driver remove its files. Without a driver or a hypervisor to be had `force` makes do with the
 * machine's directory, but a VM that doesn't end, or may not be ended, is an error even then: it would go on, unseen, on
 * disks that have no name.
 */
async function endVm(
  context: MachineContext,
  machine: { readonly files: MachineFiles; readonly config: MachineConfig },
  options: Parameters<typeof removeMachine>[2],
): Promise<void> {
  const driver = await context.drivers.driver(machine.config.driver);
  const spec = specOf(machine);
  try {
    if (driver.capabilities.lifecycle && driver.capabilities.power !== false) await driver.kill(spec);
  } catch (error) {
    if (!options.force || !isAbsence(error)) throw error;
  }
  try {
    await driver.remove(spec);
  } catch (error) {
    if (!options.force) throw error;
    options.onLeft?.(messageOf(error));
  }
}

/** Nothing can be running where there is nothing to run it. */
function isAbsence(error: unknown): boolean {
  return error instanceof WherryError && ['HYPERV_MISSING', 'POWERSHELL_MISSING'].includes(error.code);
}

/** Enough of a configuration for a driver to find and end the VM by its files; nothing of it is stored. */
async function salvaged(
  context: MachineContext,
  files: MachineFiles,
): Promise<{ files: MachineFiles; config: MachineConfig }> {
  const config: MachineConfig = {
    configVersion: CONFIG_VERSION,
    name: files.name,
    driver: await driverLeft(files),
    arch: context.host.arch,
    ...defaultSize(context.host),
    imageId: 'none',
    driverOptions: {},
    engine: { insecureRegistries: [], registryMirrors: [], labels: [] },
    createdAt: new Date(0).toISOString(),
  };
  return { files, config };
}

/** The driver's name as far as machine.json still has one, otherwise by what its disks are. */
async function driverLeft(files: MachineFiles): Promise<string> {
  const text = await readTextIfExists(files.config);
  const [, named] = /"driver"\s*:\s*"([^"]+)"/.exec(text ?? '') ?? [];
  if (named !== undefined) return named;
  const isHyperv = (await readdir(files.directory)).includes('data.vhdx');
  return isHyperv ? 'hyperv' : DEFAULT_DRIVER;
}

function removalError(name: string): WherryError {
  return new WherryError({
    bare: true,
    code: 'MACHINE_NOT_FOUND',
    message: `Error removing host "${name}": Docker machine "${name}" does not exist.`,
  });
}
