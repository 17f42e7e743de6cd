/** Who a DNS client may ask for: the containers of the networks that it is on itself. */

export interface NamedEndpoint {
  readonly containerId: string;
  readonly networkId: string;
  readonly ipv4: string;
  /** Container name, short id, hostname, aliases. The first one is what the address's own name is. */
  readonly names: readonly string[];
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

  /** Addresses of `name` (lower case) as seen by the client; undefined if nobody there is called that. */
  addresses(client: string, name: string): readonly string[] | undefined {
    const networks = this.#networksOf(client);
    const found = [...this.#endpoints].filter(
      (endpoint) =>
        networks.has(endpoint.networkId) && endpoint.names.some((own) => own.toLowerCase() === name),
    );
    return found.length === 0 ? undefined : [...new Set(found.map((endpoint) => endpoint.ipv4))];
  }

  /** The name of a neighbour's address. */
  name(client: string, address: string): string | undefined {
    const networks = this.#networksOf(client);
    for (const endpoint of this.#endpoints) {
      if (endpoint.ipv4 === address && networks.has(endpoint.networkId)) return endpoint.names[0];
    }
    return undefined;
  }

  #networksOf(client: string): Set<string> {
    const containers = new Set<string>();
    for (const endpoint of this.#endpoints)
      if (endpoint.ipv4 === client) containers.add(endpoint.containerId);
    const networks = new Set<string>();
    for (const endpoint of this.#endpoints) {
      if (containers.has(endpoint.containerId)) networks.add(endpoint.networkId);
    }
    return networks;
  }
}
