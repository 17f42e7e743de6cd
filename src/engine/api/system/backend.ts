import type { EventBus } from '../../events.ts';
import type { SystemInfo, VersionInfo } from '../../../protocol/docker/system.ts';

/** What the system routes need of the engine. */
export interface SystemBackend {
  readonly events: EventBus;
  version(): Promise<VersionInfo>;
  info(): Promise<SystemInfo>;
}
