import type { ContainersContext } from '../context.ts';
import type { ContainerEntry } from '../registry.ts';

/** What a user or group id of the machine is inside a container that has a user namespace of its own. */
export function insideIds(context: ContainersContext, entry: ContainerEntry): (id: number) => number {
  const range = context.idRanges.rangeOf(entry.id);
  return (id) =>
    range !== undefined && id >= range.first && id < range.first + range.size ? id - range.first : id;
}
