/** What the rest of the engine may know of networks. */
import type { Rates } from './rates/parse-rate.ts';

export interface EndpointRequest {
  /** Network name or id; `bridge` is the default network. */
  readonly network: string;
  readonly aliases: readonly string[];
  readonly macAddress?: string | undefined;
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
  /** Names that only this container knows → name or id of the container that each means. */
  readonly links?: Readonly<Record<string, string>> | undefined;
  /** The network with the highest one has the default route; 0 if not given. */
  readonly gwPriority?: number | undefined;
  readonly rates?: Rates | undefined;
}

/** What is optional here, older engines didn't write. */
export interface Endpoint {
  readonly networkName: string;
  readonly networkId: string;
  readonly endpointId: string;
  readonly gateway: string;
  readonly ipv4: string;
  readonly prefixLength: number;
  readonly macAddress: string;
  readonly aliases: readonly string[];
  /** In the container; absent: `ethN`, by its place. */
  readonly interfaceName?: string;
  /** Absent: none. */
  readonly ipv6?: {
    readonly address: string;
    readonly prefixLength: number;
    readonly gateway: string;
  };
  readonly links?: Readonly<Record<string, string>>;
  readonly gwPriority?: number;
  /** Absent: no limit. */
  readonly rates?: Rates;
  /** A network without a way out: no default route goes there. */
  readonly internal?: true;
}

/** A port of a container's that is to be reachable on the host. */
export interface PortRequest {
  readonly proto: 'tcp' | 'udp';
  readonly containerPort: number;
  /** IPv4 address of the host's. */
  readonly hostAddress: string;
  /** The first of these that is free; 0 and 0: any. */
  readonly hostPorts: { readonly first: number; readonly last: number };
}

/** A port as it is reachable. */
export interface PublishedPort {
  readonly proto: 'tcp' | 'udp';
  readonly containerPort: number;
  readonly hostAddress: string;
  readonly hostPort: number;
  /** Where the host's traffic arrives in the VM. */
  readonly guestPort: number;
}

export interface Sandbox {
  /** A bind-mounted network namespace for the OCI spec's `linux.namespaces[].path`; undefined: the VM's own (`host`). */
  readonly netnsPath: string | undefined;
  readonly endpoints: readonly Endpoint[];
  /** Nameserver addresses for the container's resolv.conf. */
  readonly nameservers: readonly string[];
  /** Absent: none. */
  readonly ports?: readonly PublishedPort[] | undefined;
}

export interface SandboxRequest {
  readonly containerId: string;
  readonly containerName: string;
  readonly hostname: string;
  readonly mode: 'bridge' | 'none' | 'host' | { readonly container: string };
  /** The path of a network namespace to use; absent: a new one. */
  readonly netns?: string | undefined;
  readonly endpoints: readonly EndpointRequest[];
  /** What to publish; the container needs an endpoint then. */
  readonly ports?: readonly PortRequest[] | undefined;
  /** Who is asked for names that are nobody's on its networks; absent or empty: whom the VM asks. */
  readonly resolvers?: readonly string[] | undefined;
}

/** What there is to know of a network before anything is connected to it. */
export interface NetworkFacts {
  readonly id: string;
  readonly name: string;
  readonly driver: 'bridge' | 'host' | 'null';
  readonly internal: boolean;
  /** `10.0.0.0/24`; undefined where users can't choose an address: theirs was chosen by the engine. */
  readonly ownSubnets: readonly string[] | undefined;
}

export interface NetworkManager {
  /** @throws EngineError notFound `network NAME not found` */
  createSandbox(request: SandboxRequest): Promise<Sandbox>;
  /** Idempotent. */
  destroySandbox(containerId: string): Promise<void>;
  /** After an engine restart: takes over a sandbox that still exists (its container runs on). */
  adoptSandbox(request: SandboxRequest, sandbox: Sandbox): Promise<void>;
  /**
   * One network more for a sandbox of its own. @returns the sandbox as it is from now on
   *
   * @throws EngineError notFound, forbidden (it is on it already), conflict (address taken)
   */
  connect(request: SandboxRequest, endpoint: EndpointRequest): Promise<Sandbox>;
  /** One less. @returns the sandbox as it is from now on @throws EngineError if it isn't on it */
  disconnect(containerId: string, networkId: string): Promise<Sandbox>;
  /** By name, id or unambiguous start of an id; undefined: there is none. */
  lookup(reference: string): NetworkFacts | undefined;
  /** Where containers reach the user's computer; undefined: nobody knows. */
  hostAddress(): string | undefined;
}
