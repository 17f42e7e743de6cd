import { randomUUID } from 'node:crypto';
import { copySparse } from '../platform/copy-sparse.ts';
import type { MachineContext, Reporter } from './context.ts';
import { requireValidName } from './create.ts';
import { offerDockerContext } from './docker-context.ts';
import { specOf } from './lifecycle.ts';
import { writeMachineKeys } from './machine-keys.ts';
import { requireOff } from './off.ts';
import { machineExists } from './store/machine-store.ts';

/**
 * Makes a stopped machine's like: its settings, its image and a copy of its data disk, under keys, an engine id and a name
 * of its own; snapshots stay behind. Until its last step nothing of it is seen, and an interruption leaves nothing.
 * Errors: `MACHINE_NOT_FOUND`, `MACHINE_EXISTS`, `INVALID_NAME`, `MACHINE_NOT_OFF`, `NOT_SUPPORTED`, `LOCKED`.
 */
export async function cloneMachine(
  context: MachineContext,
  names: { readonly source: string; readonly target: string },
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const { source, target } = names;
  requireValidName(target);
  const { store } = context;
  await store.load(source);
  if (await store.exists(target)) throw machineExists(target);
  await store.withLock(source, { verb: 'clone', signal }, () =>
    store.withLock(target, { verb: 'create', signal }, () => cloneHeld(context, names, report, signal)),
  );
}

async function cloneHeld(
  context: MachineContext,
  { source, target }: { readonly source: string; readonly target: string },
  report: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const original = await requireOff(context, source, 'clone');
  const config = {
    ...original.config,
    name: target,
    createdAt: new Date(context.clock.now()).toISOString(),
    identity: randomUUID(),
  };
  await report.step(`Clone "${source}"`, async () => {
    await context.store.create(config, async (files) => {
      await writeMachineKeys(files);
      const ports = { exec: context.agent.exec, platform: process.platform };
      await copySparse(original.files.dataDisk, files.dataDisk, ports, signal);
      await original.driver.create(specOf({ files, config }));
      signal.throwIfAborted();
    });
    return { value: undefined, summary: `"${target}", a copy of its disk, new SSH keys` };
  });
  await offerDockerContext(context, target, (text) => report.note(text));
}
