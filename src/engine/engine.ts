import { chownSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { GUEST } from '../protocol/boot/guest-paths.ts';
import { networkRoutes } from './api/networks/routes.ts';
import { createSystemBackend } from './api/system/facts.ts';
import { systemRoutes } from './api/system/routes.ts';
import { createApiServer } from './api/server.ts';
import { volumeRoutes } from './api/volumes/routes.ts';
import { DEFAULT_CONFIG } from './containers/context.ts';
import { openContainers } from './containers/open-containers.ts';
import { readEngineConfig, readSocketAliases } from './engine-config.ts';
import type { Environment } from './environment.ts';
import { EventBus } from './events.ts';
import { IdleMemory } from './idle-memory.ts';
import { engineId } from './identity.ts';
import { openImages } from './images/open.ts';
import { errorFields } from './log.ts';
import type { Log } from './log.ts';
import { readOutside } from './images/outside/read-outside.ts';
import { hostAddress } from './networks/host-address.ts';
import { openNetworks } from './networks/networks.ts';
import { Volumes } from './volumes/volumes.ts';
import { openPorts } from './ports/open-ports.ts';
import { NO_SHARES } from './shares/contract.ts';
import { repeatChange } from './shares/repeat.ts';
import { ShareLink } from './shares/share-link.ts';

export interface Engine {
  /** Ends the engine and leaves the containers running: the next engine takes them over. */
  stop(): Promise<void>;
  /** Stops every container within its timeout, then ends the engine: the machine powers off. */
  shutdown(): Promise<void>;
}

/**
 * At power-off no container gets longer than this, in seconds, whatever its own timeout says: the host's patience with
 * the whole machine is a minute.
 */
const SHUTDOWN_LIMIT = 45;

/** Wires the areas together and serves the API. What isn't this machine's own has been loaded before. */
export async function startEngine(environment: Environment, version: string, log: Log): Promise<Engine> {
  const { dataDir, runDir } = environment;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  mkdirSync(runDir, { recursive: true, mode: 0o711 });
  const config = readEngineConfig(environment.configFile);
  const whereIsHost = environment.hostIsElsewhere === true ? () => undefined : hostAddress;
  const outside = readOutside(environment.configFile, config.machineName, whereIsHost);
  const events = new EventBus();
  const [volumes, networks, images] = await Promise.all([
    Volumes.open(dataDir, events),
    openNetworks({
      dataDir,
      runDir,
      events,
      cgroup: { root: DEFAULT_CONFIG.cgroupRoot, parent: DEFAULT_CONFIG.cgroupParent },
      hostAccess: config.hostAccess,
      hostAddress: whereIsHost,
      onUpstreamFailure: (error) => log('warn', "the VM's resolvers don't answer", errorFields(error)),
    }),
    openImages({ dataDir, runDir, config, outside, events, isRunning: (id) => containers.isRunning(id) }),
  ]);
  const onBackgroundError = (error: unknown): void =>
    log('error', 'something failed in the background', errorFields(error));
  const hostSocket = join(runDir, basename(GUEST.hostSocket));
  const datagramSocket = join(runDir, basename(GUEST.datagramSocket));
  const ports = openPorts({
    networks: networks.sandboxes,
    sockets: { host: hostSocket, datagrams: datagramSocket },
    shared: environment.hostIsElsewhere,
    onBackgroundError,
  });
  const engineSocketAliases = readSocketAliases(environment.configFile);
  const shares = new ShareLink({
    socketPath: join(runDir, basename(GUEST.sharesSocket)),
    inUse: () => containers.sharesInUse(),
    repeat: repeatChange,
    onBackgroundError,
  });
  const containers = openContainers({
    dataDir,
    runDir,
    images: images.resolver,
    maker: images.maker,
    rootfs: images.rootfs,
    networks: ports.networks,
    volumes,
    // Without a host's name for the engine's socket there is no host.
    shares: engineSocketAliases.length > 0 ? shares : NO_SHARES,
    config: {
      engineSocket: environment.socket,
      engineSocketAliases,
      userns: config.userns,
    },
    events,
    onBackgroundError,
  });
  await containers.restore();
  networks.sandboxes.sweep();
  await Promise.all([ports.listen(), shares.listen()]);
  const system = createSystemBackend({
    version,
    id: engineId(dataDir),
    dataDir,
    config,
    outside,
    events,
    usage: {
      images: () => images.usage(),
      containers: async () => containers.usage(),
      volumes: async () => volumes.usage(),
    },
    inventory: { containers: () => containers.counts(), images: () => images.count() },
    log,
  });
  const memory = new IdleMemory();
  const server = createApiServer({
    onActivity: () => memory.touch(),
    routes: [
      ...systemRoutes(system),
      ...images.routes,
      ...containers.routes,
      ...networkRoutes(networks),
      ...volumeRoutes(volumes),
    ],
    version,
    log,
  });
  await server.listen(environment.socket);
  for (const path of [environment.socket, hostSocket, datagramSocket]) {
    if (environment.socketOwner !== undefined) chownSync(path, environment.socketOwner, 0);
  }
  containers.startRestored().catch(onBackgroundError);
  const stop = async (): Promise<void> => {
    memory.stop();
    await server.close();
    containers.close();
    ports.stop();
    shares.stop();
    networks.close();
    images.close();
  };
  return {
    stop,
    async shutdown() {
      await containers.stopAll(SHUTDOWN_LIMIT);
      await stop();
    },
  };
}
