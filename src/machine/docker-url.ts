import type { EngineEndpoint } from '../drivers/driver.ts';

/** The DOCKER_HOST value for an engine's local address: `unix:///…/docker.sock`, `npipe:////./pipe/wherry-default`. */
export function dockerUrl(address: string): string {
  return address.startsWith('\\\\') ? `npipe://${address.replaceAll('\\', '/')}` : `unix://${address}`;
}

export function endpointUrl(endpoint: EngineEndpoint): string {
  return endpoint.kind === 'unix' ? `unix://${endpoint.path}` : `tcp://${endpoint.host}:${endpoint.port}`;
}
