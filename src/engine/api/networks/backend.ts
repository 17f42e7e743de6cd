import type { NetworkView, NewNetwork } from '../../networks/networks.ts';
import type { NetworkRecord } from '../../networks/store.ts';

/** What the network routes need of the engine. */
export interface NetworksBackend {
  list(): readonly NetworkView[];
  /** @throws EngineError notFound */
  find(reference: string): NetworkView;
  /** @throws EngineError */
  create(wanted: NewNetwork): Promise<NetworkRecord>;
  /** @throws EngineError */
  remove(reference: string): Promise<void>;
}
