import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EventBus } from '../events.ts';
import { notFound } from '../errors.ts';
import { hasCode } from '../sys/errno.ts';
import { macOf } from './address.ts';
import type { Attached, Bridge } from './bridge.ts';
import type { Endpoint, EndpointRequest, NetworkManager, Sandbox, SandboxRequest } from './contract.ts';
import type { NameTable } from './dns/names.ts';
import { parseResolvConf } from './dns/upstream.ts';
import {
  addAddress,
  addDefaultRoute,
  createVeth,
  deleteLink,
  linkIndex,
  setNetSysctl,
  setUp,
} from './links.ts';
import { RouteSocket } from './netlink.ts';
import { createNetns, inNetns, removeNetns } from './netns.ts';
import { newId } from './store.ts';

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
}

interface Live {
  readonly sandbox: Sandbox;
  readonly bridges: readonly Bridge[];
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

  async createSandbox(request: SandboxRequest): Promise<Sandbox> {
    await this.destroySandbox(request.containerId);
    const { mode } = request;
    if (typeof mode === 'object') return this.#share(request.containerId, mode.container);
    if (mode === 'host') {
      const [resolvConf] = await Promise.all([this.#parts.resolvConf(), this.#parts.guardHost()]);
      const nameservers = parseResolvConf(resolvConf);
      return this.#keep(request.containerId, { netnsPath: undefined, endpoints: [], nameservers }, [], false);
    }
    const netnsPath = this.#path(request.containerId);
    if (mode === 'none') {
      createNetns(netnsPath, configureLoopback);
      return this.#keep(request.containerId, { netnsPath, endpoints: [], nameservers: [] }, [], true);
    }
    const wanted = request.endpoints.map((endpoint) => ({
      endpoint,
      bridge: this.#parts.bridge(endpoint.network),
    }));
    const bridges = wanted.map(({ bridge }) => bridge);
    // The rules are loaded by a program (once); the interfaces are made meanwhile.
    const prepared = Promise.all(bridges.map((bridge) => this.#parts.prepare(bridge)));
    prepared.catch(() => undefined);
    const endpoints: Endpoint[] = [];
    try {
      createNetns(netnsPath, configureLoopback);
      for (const { endpoint, bridge } of wanted)
        endpoints.push(this.#attach(request, netnsPath, endpoint, bridge));
      await prepared;
    } catch (error) {
      for (const endpoint of endpoints) this.#detach(request.containerId, endpoint);
      removeNetns(netnsPath);
      throw error;
    }
    const nameservers = bridges.slice(0, 1).map((bridge) => bridge.record.gateway);
    return this.#keep(request.containerId, { netnsPath, endpoints, nameservers }, bridges, true);
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
        const attached = this.#detach(containerId, endpoint);
        if (shared && attached !== undefined) deleteLink(this.#parts.route, attached.interfaceName);
      }
    }
    if (live === undefined || live.owned) removeNetns(this.#path(containerId));
    return Promise.resolve();
  }

  async adoptSandbox(request: SandboxRequest, sandbox: Sandbox): Promise<void> {
    const bridges = sandbox.endpoints.map((endpoint) => this.#parts.bridge(endpoint.networkId));
    for (const [index, endpoint] of sandbox.endpoints.entries()) {
      const bridge = bridges[index];
      if (bridge === undefined) continue;
      bridge.pool.take(endpoint.ipv4);
      this.#register(request, endpoint, bridge);
    }
    this.#keep(
      request.containerId,
      sandbox,
      bridges,
      typeof request.mode === 'string' && request.mode !== 'host',
    );
    await Promise.all(bridges.map((bridge) => this.#parts.prepare(bridge)));
  }

  /** Neighbours find a renamed container under its new name only. */
  rename(containerId: string, name: string): void {
    this.#parts.names.rename(containerId, name);
    for (const bridge of this.#live.get(containerId)?.bridges ?? []) {
      const attached = bridge.attached.get(containerId);
      if (attached !== undefined) bridge.attached.set(containerId, { ...attached, containerName: name });
    }
  }

  /** Removes namespaces that no container has any more; for after a restart, when all have been adopted. */
  sweep(): void {
    let files: string[];
    try {
      files = readdirSync(this.#parts.directory);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return;
      throw error;
    }
    for (const containerId of files) {
      if (!this.#live.has(containerId)) removeNetns(this.#path(containerId));
    }
  }

  #path(containerId: string): string {
    return join(this.#parts.directory, containerId);
  }

  #keep(containerId: string, sandbox: Sandbox, bridges: readonly Bridge[], owned: boolean): Sandbox {
    this.#live.set(containerId, { sandbox, bridges, owned });
    return sandbox;
  }

  #share(containerId: string, otherId: string): Sandbox {
    const other = this.#live.get(otherId);
    if (other === undefined)
      throw notFound(`cannot join the network of container ${otherId}: it is not running`);
    const { netnsPath, nameservers } = other.sandbox;
    return this.#keep(containerId, { netnsPath, nameservers, endpoints: [] }, [], false);
  }

  #attach(request: SandboxRequest, netnsPath: string, wanted: EndpointRequest, bridge: Bridge): Endpoint {
    const { record, pool, prefixLength } = bridge;
    const ipv4 = pool.take(wanted.ipv4);
    const endpoint: Endpoint = {
      networkName: record.name,
      networkId: record.id,
      endpointId: newId(),
      gateway: record.gateway,
      ipv4,
      prefixLength,
      macAddress: wanted.macAddress ?? macOf(ipv4),
      aliases: wanted.aliases,
    };
    try {
      this.#connect(netnsPath, endpoint, bridge);
    } catch (error) {
      pool.release(ipv4);
      throw error;
    }
    this.#register(request, endpoint, bridge);
    this.#publish('connect', bridge, request.containerId);
    return endpoint;
  }

  #connect(netnsPath: string, endpoint: Endpoint, bridge: Bridge): void {
    const fd = openSync(netnsPath, 'r');
    const peerName = `eth${this.#interfacesIn(netnsPath)}`;
    try {
      createVeth(this.#parts.route, {
        name: vethName(endpoint.endpointId),
        bridgeIndex: bridge.interfaceIndex(),
        peerName,
        peerMac: endpoint.macAddress,
        peerNetns: fd,
      });
    } finally {
      closeSync(fd);
    }
    inNetns(netnsPath, () => {
      const route = new RouteSocket();
      try {
        const index = linkIndex(route, peerName);
        if (index === undefined) throw new Error(`${peerName} vanished`);
        addAddress(route, index, endpoint.ipv4, endpoint.prefixLength);
        setUp(route, index);
        if (peerName === 'eth0') addDefaultRoute(route, index, endpoint.gateway);
      } finally {
        route.close();
      }
    });
  }

  /** The first free N of ethN. */
  #interfacesIn(netnsPath: string): number {
    return inNetns(netnsPath, () => {
      const route = new RouteSocket();
      try {
        let count = 0;
        while (linkIndex(route, `eth${count}`) !== undefined) count += 1;
        return count;
      } finally {
        route.close();
      }
    });
  }

  #register(request: SandboxRequest, endpoint: Endpoint, bridge: Bridge): void {
    const { containerId, containerName, hostname } = request;
    bridge.attached.set(containerId, {
      containerId,
      containerName,
      endpointId: endpoint.endpointId,
      macAddress: endpoint.macAddress,
      ipv4: endpoint.ipv4,
      interfaceName: vethName(endpoint.endpointId),
    });
    const names = [containerName, ...endpoint.aliases, hostname, containerId.slice(0, 12)];
    this.#parts.names.add({ containerId, networkId: endpoint.networkId, ipv4: endpoint.ipv4, names });
  }

  #detach(containerId: string, endpoint: Endpoint): Attached | undefined {
    const bridge = this.#parts.bridge(endpoint.networkId);
    const attached = bridge.attached.get(containerId);
    bridge.attached.delete(containerId);
    bridge.pool.release(endpoint.ipv4);
    this.#parts.names.removeEndpoint(containerId, endpoint.networkId);
    this.#publish('disconnect', bridge, containerId);
    return attached;
  }

  #publish(action: string, bridge: Bridge, containerId: string): void {
    const { id, name } = bridge.record;
    this.#parts.events.publish('network', action, id, { container: containerId, name, type: 'bridge' });
  }
}

/** Interface names have at most 15 characters. */
const vethName = (endpointId: string): string => `veth${endpointId.slice(0, 8)}`;

/** Runs inside of a new namespace. The sysctls are Docker's defaults for containers. */
function configureLoopback(): void {
  const route = new RouteSocket();
  try {
    const index = linkIndex(route, 'lo');
    if (index !== undefined) setUp(route, index);
  } finally {
    route.close();
  }
  setNetSysctl('ipv6/conf/default/disable_ipv6', '1');
  setNetSysctl('ipv4/ip_unprivileged_port_start', '0');
  setNetSysctl('ipv4/ping_group_range', '0 2147483647');
}
