import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EventBus } from '../events.ts';
import { EngineError, invalid, notFound } from '../errors.ts';
import { hasCode } from '../sys/errno.ts';
import type { Bridge } from './bridge.ts';
import type {
  Endpoint,
  EndpointRequest,
  NetworkFacts,
  NetworkManager,
  Sandbox,
  SandboxRequest,
} from './contract.ts';
import type { NameTable } from './dns/names.ts';
import { parseResolvConf } from './dns/upstream.ts';
import {
  adoptEndpoint,
  configure,
  freeInterfaceName,
  isVethName,
  nameserversOf,
  plug,
  releaseEndpoint,
  reserveEndpoint,
  vethName,
} from './endpoints.ts';
import { deleteLink } from './links.ts';
import { configureLoopback } from './loopback.ts';
import type { RouteSocket } from './netlink.ts';
import { createNetns, keepNetns, removeNetns } from './netns.ts';
import { detourName, isDetourName, unshape } from './rates/shape.ts';

export interface SandboxParts {
  /** `runDir/netns`: a bind mount for each container. */
  readonly directory: string;
  readonly route: RouteSocket;
  readonly names: NameTable;
  readonly events: EventBus;
  /** @throws EngineError notFound */
  bridge(reference: string): Bridge;
  /** Brings a bridge up, firewall rules included. */
  prepare(bridge: Bridge): Promise<void>;
  /** Closes to containers what they may not reach from the VM's own network. */
  guardHost(): Promise<void>;
  /** The VM's own resolv.conf, for `--network host`. */
  resolvConf(): Promise<string>;
  /** See NetworkManager. */
  lookup(reference: string): NetworkFacts | undefined;
  hostAddress(): string | undefined;
}

interface Live {
  readonly sandbox: Sandbox;
  /** False where the namespace is another container's or the VM's. */
  readonly owned: boolean;
}

/** The network side of containers: a namespace each, with an interface for every network that it is on. */
export class Sandboxes implements NetworkManager {
  readonly #parts: SandboxParts;
  readonly #live = new Map<string, Live>();

  constructor(parts: SandboxParts) {
    this.#parts = parts;
  }

  lookup(reference: string): NetworkFacts | undefined {
    return this.#parts.lookup(reference);
  }

  hostAddress(): string | undefined {
    return this.#parts.hostAddress();
  }

  async createSandbox(request: SandboxRequest): Promise<Sandbox> {
    await this.destroySandbox(request.containerId);
    const { mode, containerId } = request;
    if (typeof mode === 'object') return this.#share(containerId, mode.container);
    if (mode === 'host') {
      const [resolvConf] = await Promise.all([this.#parts.resolvConf(), this.#parts.guardHost()]);
      const nameservers = parseResolvConf(resolvConf);
      return this.#keep(containerId, { netnsPath: undefined, endpoints: [], nameservers }, false);
    }
    const netnsPath = this.#path(containerId);
    const wanted = request.endpoints.map((endpoint) => ({
      endpoint,
      bridge: this.#parts.bridge(endpoint.network),
    }));
    // The rules are loaded by a program (once); the interfaces are made meanwhile.
    const prepared = Promise.all(wanted.map(({ bridge }) => this.#parts.prepare(bridge)));
    prepared.catch(() => undefined);
    const endpoints: Endpoint[] = [];
    try {
      if (request.netns === undefined) createNetns(netnsPath, configureLoopback);
      else keepNetns(request.netns, netnsPath, configureLoopback);
      for (const { endpoint, bridge } of wanted) {
        endpoints.push(this.#attach(request, netnsPath, { wanted: endpoint, bridge, before: endpoints }));
      }
      if (endpoints.length > 0) configure(netnsPath, endpoints, endpoints);
      await prepared;
    } catch (error) {
      for (const endpoint of endpoints) this.#detach(containerId, endpoint);
      removeNetns(netnsPath);
      throw error;
    }
    const nameservers = nameserversOf(endpoints);
    return this.#keep(containerId, { netnsPath, endpoints, nameservers }, true);
  }

  destroySandbox(containerId: string): Promise<void> {
    const live = this.#live.get(containerId);
    this.#live.delete(containerId);
    if (live !== undefined && live.owned) {
      const shared = [...this.#live.values()].some(
        (other) => other.sandbox.netnsPath === live.sandbox.netnsPath,
      );
      for (const endpoint of live.sandbox.endpoints) {
        // With the namespace's end the kernel removes the interfaces by itself, and doesn't let the engine wait.
        this.#detach(containerId, endpoint);
        if (shared) deleteLink(this.#parts.route, vethName(endpoint.endpointId));
      }
    }
    if (live === undefined || live.owned) removeNetns(this.#path(containerId));
    return Promise.resolve();
  }

  async adoptSandbox(request: SandboxRequest, sandbox: Sandbox): Promise<void> {
    const { mode, containerId } = request;
    this.#keep(containerId, sandbox, typeof mode === 'string' && mode !== 'host');
    const bridges = sandbox.endpoints.map((endpoint) => {
      const bridge = this.#parts.bridge(endpoint.networkId);
      adoptEndpoint(bridge, endpoint);
      this.#register(request, endpoint, bridge);
      return bridge;
    });
    await Promise.all(bridges.map((bridge) => this.#parts.prepare(bridge)));
  }

  async connect(request: SandboxRequest, wanted: EndpointRequest): Promise<Sandbox> {
    await this.#parts.prepare(this.#parts.bridge(wanted.network));
    // It may have been removed meanwhile.
    const bridge = this.#parts.bridge(wanted.network);
    const { sandbox, netnsPath } = this.#own(request.containerId);
    if (bridge.attached.has(request.containerId)) {
      throw new EngineError(
        'forbidden',
        `endpoint with name ${request.containerName} already exists in network ${bridge.record.name}`,
      );
    }
    const before = sandbox.endpoints;
    const endpoint = this.#attach(request, netnsPath, { wanted, bridge, before });
    const endpoints = [...before, endpoint];
    try {
      configure(netnsPath, [endpoint], endpoints);
    } catch (error) {
      this.#detach(request.containerId, endpoint);
      deleteLink(this.#parts.route, vethName(endpoint.endpointId));
      throw error;
    }
    return this.#keep(
      request.containerId,
      { ...sandbox, endpoints, nameservers: nameserversOf(endpoints) },
      true,
    );
  }

  async disconnect(containerId: string, networkId: string): Promise<Sandbox> {
    const { sandbox, netnsPath } = this.#own(containerId);
    const gone = sandbox.endpoints.find((endpoint) => endpoint.networkId === networkId);
    if (gone === undefined) {
      const name = this.#parts.lookup(networkId)?.name ?? networkId;
      throw new EngineError('system', `container ${containerId} is not connected to network ${name}`);
    }
    const named = sandbox.endpoints.map((endpoint, index) => ({ interfaceName: `eth${index}`, ...endpoint }));
    const endpoints = named.filter((endpoint) => endpoint.endpointId !== gone.endpointId);
    deleteLink(this.#parts.route, vethName(gone.endpointId));
    this.#detach(containerId, gone);
    const kept = this.#keep(
      containerId,
      { ...sandbox, endpoints, nameservers: nameserversOf(endpoints) },
      true,
    );
    configure(netnsPath, [], endpoints);
    return kept;
  }

  /** Neighbours find a renamed container under its new name only. */
  rename(containerId: string, name: string): void {
    this.#parts.names.rename(containerId, name);
    for (const { networkId } of this.#live.get(containerId)?.sandbox.endpoints ?? []) {
      const { attached } = this.#parts.bridge(networkId);
      const endpoint = attached.get(containerId);
      if (endpoint !== undefined) attached.set(containerId, { ...endpoint, containerName: name });
    }
  }

  /** Removes namespaces and interfaces that no container has any more; for after a restart, when all have been adopted. */
  sweep(): void {
    for (const containerId of entriesOf(this.#parts.directory)) {
      if (!this.#live.has(containerId)) removeNetns(this.#path(containerId));
    }
    const own = new Set(
      [...this.#live.values()].flatMap(({ sandbox }) =>
        sandbox.endpoints.flatMap(({ endpointId }) => [vethName(endpointId), detourName(endpointId)]),
      ),
    );
    for (const name of entriesOf('/sys/class/net')) {
      if ((isVethName(name) || isDetourName(name)) && !own.has(name)) deleteLink(this.#parts.route, name);
    }
  }

  #path(containerId: string): string {
    return join(this.#parts.directory, containerId);
  }

  #keep(containerId: string, sandbox: Sandbox, owned: boolean): Sandbox {
    this.#live.set(containerId, { sandbox, owned });
    return sandbox;
  }

  #own(containerId: string): { readonly sandbox: Sandbox; readonly netnsPath: string } {
    const live = this.#live.get(containerId);
    const netnsPath = live?.sandbox.netnsPath;
    if (live === undefined || !live.owned || netnsPath === undefined) {
      throw invalid(`container ${containerId} has no network of its own`);
    }
    return { sandbox: live.sandbox, netnsPath };
  }

  #share(containerId: string, otherId: string): Sandbox {
    const other = this.#live.get(otherId);
    if (other === undefined)
      throw notFound(`cannot join the network of container ${otherId}: it is not running`);
    const { netnsPath, nameservers } = other.sandbox;
    return this.#keep(containerId, { netnsPath, nameservers, endpoints: [] }, false);
  }

  /** Its interface and its name; without addresses on the interface yet. Whatever fails, nothing of it stays. */
  #attach(
    request: SandboxRequest,
    netnsPath: string,
    to: { readonly wanted: EndpointRequest; readonly bridge: Bridge; readonly before: readonly Endpoint[] },
  ): Endpoint {
    const { wanted, bridge, before } = to;
    const endpoint = reserveEndpoint(bridge, wanted, freeInterfaceName(before));
    try {
      plug(this.#parts.route, netnsPath, endpoint, bridge);
    } catch (error) {
      releaseEndpoint(bridge, endpoint);
      deleteLink(this.#parts.route, vethName(endpoint.endpointId));
      throw error;
    }
    this.#register(request, endpoint, bridge);
    this.#publish('connect', bridge, request.containerId);
    return endpoint;
  }

  #register(request: SandboxRequest, endpoint: Endpoint, bridge: Bridge): void {
    const { containerId, containerName, hostname, resolvers } = request;
    const { endpointId, macAddress, ipv4, ipv6, networkId, links } = endpoint;
    bridge.attached.set(containerId, {
      containerId,
      containerName,
      endpointId,
      macAddress,
      ipv4,
      ipv6: ipv6?.address,
      interfaceName: vethName(endpointId),
    });
    const names = [containerName, ...endpoint.aliases, hostname, containerId.slice(0, 12)];
    this.#parts.names.add({ containerId, networkId, ipv4, ipv6: ipv6?.address, names, links, resolvers });
  }

  #detach(containerId: string, endpoint: Endpoint): void {
    const bridge = this.#parts.bridge(endpoint.networkId);
    bridge.attached.delete(containerId);
    releaseEndpoint(bridge, endpoint);
    // Unlike the pair of interfaces it doesn't go with the namespace.
    if (endpoint.rates?.out !== undefined) unshape(this.#parts.route, endpoint.endpointId);
    this.#parts.names.removeEndpoint(containerId, endpoint.networkId);
    this.#publish('disconnect', bridge, containerId);
  }

  #publish(action: string, bridge: Bridge, containerId: string): void {
    const { id, name } = bridge.record;
    this.#parts.events.publish('network', action, id, { container: containerId, name, type: 'bridge' });
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}
