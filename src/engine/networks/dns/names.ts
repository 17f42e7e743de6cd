/** Who a DNS client may ask for: the containers of the networks that it is on itself. */

export interface NamedEndpoint {
  readonly containerId: string;
  readonly networkId: string;
  readonly ipv4: string;
  readonly ipv6?: string | undefined;
  /** Container name, aliases, hostname, short id. The first one is what the address's own name is. */
  readonly names: readonly string[];
  /** Names that only this container knows → name or id of the container that each means. */
  readonly links?: Readonly<Record<string, string>> | undefined;
  /** Whom to ask for what is no container's name; empty: the VM's own resolvers. */
  readonly resolvers?: readonly string[] | undefined;
}

export class NameTable {
  readonly #endpoints = new Set<NamedEndpoint>();

  add(endpoint: NamedEndpoint): void {
    this.#endpoints.add(endpoint);
  }

  /** A container's first name is another from now on. */
  rename(containerId: string, name: string): void {
    const own = [...this.#endpoints].filter((endpoint) => endpoint.containerId === containerId);
    for (const endpoint of own) {
      this.#endpoints.delete(endpoint);
      this.#endpoints.add({ ...endpoint, names: [name, ...endpoint.names.slice(1)] });
    }
  }

  removeContainer(containerId: string): void {
    for (const endpoint of this.#endpoints) {
      if (endpoint.containerId === containerId) this.#endpoints.delete(endpoint);
    }
  }

  removeEndpoint(containerId: string, networkId: string): void {
    for (const endpoint of this.#endpoints) {
      if (endpoint.containerId === containerId && endpoint.networkId === networkId)
        this.#endpoints.delete(endpoint);
    }
  }

  /**
   * Addresses of `name` (lower case) as seen by the client; undefined if nobody there is called that, empty if who is
   * has none of that family.
   */
  addresses(client: string, name: string, family: 4 | 6 = 4): readonly string[] | undefined {
    const own = this.#endpointsOf(client);
    const networks = new Set(own.map(({ networkId }) => networkId));
    const linked = own.flatMap(({ networkId, links }) =>
      linkedTo(links, name).map((to) => ({ networkId, to })),
    );
    const found = [...this.#endpoints].filter(
      (endpoint) =>
        linked.some(({ networkId, to }) => endpoint.networkId === networkId && isCalled(endpoint, to)) ||
        (networks.has(endpoint.networkId) && isCalled(endpoint, name)),
    );
    if (found.length === 0) return undefined;
    const addresses = found.map(({ ipv4, ipv6 }) => (family === 4 ? ipv4 : ipv6));
    return [...new Set(addresses.filter((address) => address !== undefined))];
  }

  /** The name of a neighbour's address. */
  name(client: string, address: string): string | undefined {
    const networks = new Set(this.#endpointsOf(client).map(({ networkId }) => networkId));
    for (const endpoint of this.#endpoints) {
      const isIts = endpoint.ipv4 === address || endpoint.ipv6 === address;
      if (isIts && networks.has(endpoint.networkId)) return endpoint.names[0];
    }
    return undefined;
  }

  /** Whom the client wants to be asked for what is no container's name; empty: the VM's own resolvers. */
  resolversOf(client: string): readonly string[] {
    return this.#endpointsOf(client)[0]?.resolvers ?? [];
  }

  /** All endpoints of the client's container. */
  #endpointsOf(client: string): NamedEndpoint[] {
    const all = [...this.#endpoints];
    const containers = new Set(
      all.filter(({ ipv4 }) => ipv4 === client).map(({ containerId }) => containerId),
    );
    return all.filter(({ containerId }) => containers.has(containerId));
  }
}

const linkedTo = (links: NamedEndpoint['links'], name: string): string[] =>
  Object.entries(links ?? {})
    .filter(([alias]) => alias.toLowerCase() === name)
    .map(([, target]) => target.toLowerCase());

const isCalled = ({ containerId, names }: NamedEndpoint, name: string): boolean =>
  containerId === name || names.some((own) => own.toLowerCase() === name);
