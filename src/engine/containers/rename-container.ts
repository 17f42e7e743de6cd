import { invalid } from '../errors.ts';
import { publish } from './context.ts';
import type { ContainersContext } from './context.ts';
import { checkName } from './create/names.ts';
import type { ContainerEntry } from './registry.ts';

/** @throws EngineError conflict when the name is taken, invalidParameter for one that is none or its own */
export async function renameContainer(
  context: ContainersContext,
  entry: ContainerEntry,
  newName: string,
): Promise<void> {
  const name = newName.replace(/^\//, '');
  if (name === '') throw invalid('Neither old nor new names may be empty');
  checkName(name);
  await entry.exclusively(async () => {
    const old = entry.record.name;
    if (old === name) throw invalid('Renaming a container with the same name as its current name');
    context.registry.reserve(name, entry.id);
    entry.record.name = name;
    try {
      await context.store.save(entry.record);
    } catch (error) {
      entry.record.name = old;
      context.registry.release(name);
      throw error;
    }
    context.registry.release(old);
    publish(context, entry, 'rename', { oldName: `/${old}` });
  });
}
