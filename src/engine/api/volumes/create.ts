import { volumeCreate } from '../../../protocol/docker/volumes.ts';
import { invalid, notImplemented } from '../../errors.ts';
import type { NewVolume } from '../../volumes/contract.ts';

/**
 * What a body of `POST /volumes/create` asks for.
 *
 * @throws EngineError invalidParameter; notImplemented naming the first field or option that isn't built
 */
export function parseVolumeCreate(body: unknown): NewVolume {
  const parsed = volumeCreate.safeParse(body ?? {});
  if (!parsed.success)
    throw invalid(`invalid volume: ${parsed.error.issues[0]?.message ?? 'no JSON object'}`);
  const { Name, Driver, DriverOpts, Labels, ...others } = parsed.data;
  const [option] = Object.keys(DriverOpts ?? {});
  if (option !== undefined) throw notImplemented(`volume option "${option}" is not implemented yet`);
  for (const [field, value] of Object.entries(others)) {
    if (!isEmpty(value)) throw notImplemented(`volume field ${field} is not implemented yet`);
  }
  return { name: Name ?? '', driver: Driver ?? '', labels: Labels ?? null };
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '' || value === 0) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}
