import { join } from 'node:path';
import type { Route } from '../api/route.ts';
import { authRoute } from '../api/images/auth.ts';
import { imagesUsage } from '../api/images/list.ts';
import type { ImagesUsage } from '../api/images/list.ts';
import { imageRoutes } from '../api/images/routes.ts';
import { searchRoute } from '../api/images/search.ts';
import type { EventBus } from '../events.ts';
import type { ImageMaker, ImageResolver, RootfsManager } from './contract.ts';
import { ImageService } from './image-service.ts';
import { ImageStore } from './image-store.ts';
import { LayerPool } from './layer/layer-pool.ts';
import { makeImage } from './make-image.ts';
import type { Outside } from './outside/outside.ts';
import type { RegistrySettings } from './registry/endpoints.ts';
import { checkLogin } from './registry/login.ts';
import { RETRY } from './registry/retry.ts';
import { searchImages } from './registry/search.ts';
import type { RetryPolicy } from './registry/retry.ts';
import { TIMEOUTS, Transport } from './registry/transport.ts';
import { StoreResolver } from './resolver.ts';
import { OverlayRootfs } from './rootfs.ts';
import type { LayerLimits } from './tar/layer-filter.ts';

/** Where the system disk keeps the bundled image's OCI layout. */
const BUNDLED_HELLO_WORLD = '/usr/lib/wherry/bundled/hello-world';

export interface ImagesOptions {
  /** On the data disk, ext4: overlayfs takes its upper directories nowhere else. */
  readonly dataDir: string;
  /** On a tmpfs. */
  readonly runDir: string;
  readonly config: RegistrySettings;
  readonly events: EventBus;
  /** Default: the system disk's, or what `WHERRY_BUNDLED` names. */
  readonly bundledDir?: string | undefined;
  /** mkfs.erofs of erofs-utils ≥ 1.8. */
  readonly mkfs?: string | undefined;
  readonly layerLimits?: LayerLimits | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly transport?: Transport | undefined;
  /** Proxies and certificates; the straight way where absent. */
  readonly outside?: Outside | undefined;
  /** For the words of a refusal to remove an image. */
  readonly isRunning: (containerId: string) => boolean;
}

export interface Images {
  readonly resolver: ImageResolver;
  readonly maker: ImageMaker;
  readonly rootfs: RootfsManager;
  readonly routes: readonly Route[];
  /** For `system df`. */
  readonly usage: () => ImagesUsage;
  /** For `info`. */
  readonly count: () => number;
  readonly close: () => void;
}

/** Everything about images, for the engine's composition root. */
export async function openImages(options: ImagesOptions): Promise<Images> {
  const store = await ImageStore.open(options.dataDir);
  const rootfs = await OverlayRootfs.open({
    dataDir: join(options.dataDir, 'rootfs'),
    runDir: options.runDir,
  });
  const resolver = new StoreResolver(store);
  const transport = options.transport ?? new Transport(TIMEOUTS, options.outside);
  const pool = new LayerPool(store, options.mkfs ?? 'mkfs.erofs', options.layerLimits);
  const service = new ImageService({
    store,
    resolver,
    transport,
    pool,
    settings: options.config,
    retry: options.retry ?? RETRY,
    events: options.events,
    bundledDir: options.bundledDir ?? process.env['WHERRY_BUNDLED'] ?? BUNDLED_HELLO_WORLD,
    isRunning: options.isRunning,
  });
  return {
    resolver,
    maker: {
      make: async (request, signal) =>
        await makeImage({ store, pool, events: options.events }, request, signal),
    },
    rootfs,
    routes: [
      searchRoute((request, signal) =>
        searchImages({ transport, settings: options.config }, request, signal),
      ),
      ...imageRoutes(service),
      authRoute((server, credentials, signal) =>
        checkLogin({ transport, settings: options.config }, server, credentials, signal),
      ),
    ],
    usage: () => imagesUsage(service),
    count: () => store.ids().length,
    close: () => transport.close(),
  };
}
