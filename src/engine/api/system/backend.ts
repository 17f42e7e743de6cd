import type { Volume } from '../../volumes/contract.ts';
import type { ImagesUsage } from '../images/list.ts';
import type { EventBus } from '../../events.ts';
import type { SystemInfo, VersionInfo } from '../../../protocol/docker/system.ts';

/** Where `GET /system/df` gets its figures. */
export interface UsageSources {
  images(): ImagesUsage;
  containers(): Promise<readonly Record<string, unknown>[]>;
  volumes(): Promise<readonly { readonly volume: Volume; readonly bytes: number; readonly users: number }[]>;
}

/** What the system routes need of the engine. */
export interface SystemBackend {
  readonly events: EventBus;
  version(): Promise<VersionInfo>;
  info(): Promise<SystemInfo>;
  readonly usage: UsageSources;
}
