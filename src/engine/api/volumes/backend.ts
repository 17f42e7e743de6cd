import type { NewVolume, Volume } from '../../volumes/contract.ts';
import type { VolumeView } from '../../volumes/volumes.ts';

/** What the volume routes need of the engine. */
export interface VolumesBackend {
  /** By name. */
  list(): readonly VolumeView[];
  /** @throws EngineError notFound */
  get(name: string): Volume;
  /** The volume of that name, made if there is none. @throws EngineError */
  create(wanted: NewVolume): Promise<Volume>;
  /** @throws EngineError notFound, conflict */
  remove(name: string): Promise<void>;
  prune(chosen: (volume: Volume) => boolean): Promise<{ names: string[]; bytes: number }>;
}
