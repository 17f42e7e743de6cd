import { mkdirSync } from 'node:fs';
import { networkRoutes } from './api/networks/routes.ts';
import { createSystemBackend } from './api/system/facts.ts';
import { systemRoutes } from './api/system/routes.ts';
import { createApiServer } from './api/server.ts';
import { volumeRoutes } from './api/volumes/routes.ts';
import { readEngineConfig } from './engine-config.ts';
import type { Environment } from './environment.ts';
import { EventBus } from './events.ts';
import { engineId } from './identity.ts';
import type { Log } from './log.ts';
import { openNetworks } from './networks/networks.ts';

export interface Engine {
  /** Ends the engine and leaves the containers running: the next engine takes them over. */
  stop(): Promise<void>;
  /** Stops every container within its timeout, then ends the engine: the machine powers off. */
  shutdown(): Promise<void>;
}

/** Wires the areas together and serves the API. What isn't this machine's own has been loaded before. */
export async function startEngine(environment: Environment, version: string, log: Log): Promise<Engine> {
  const config = readEngineConfig(environment.configFile);
  const { dataDir, runDir } = environment;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const events = new EventBus();
  const networks = await openNetworks({ dataDir, runDir, events });
  const system = createSystemBackend({
    version,
    id: engineId(dataDir),
    dataDir,
    config,
    events,
    inventory: { containers: () => ({ running: 0, paused: 0, stopped: 0 }), images: () => 0 },
    log,
  });
  const server = createApiServer({
    routes: [...systemRoutes(system), ...networkRoutes(networks), ...volumeRoutes()],
    version,
    log,
  });
  await server.listen(environment.socket);
  return { stop: () => server.close(), shutdown: () => server.close() };
}
