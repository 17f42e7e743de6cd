/** What the rest of the engine may know of networks. */

export interface EndpointRequest {
  /** Network name or id; `bridge` is the default network. */
  readonly network: string;
  readonly aliases: readonly string[];
  readonly macAddress?: string | undefined;
  readonly ipv4?: string | undefined;
}

export interface Endpoint {
  readonly networkName: string;
  readonly networkId: string;
  readonly endpointId: string;
  readonly gateway: string;
  readonly ipv4: string;
  readonly prefixLength: number;
  readonly macAddress: string;
  readonly aliases: readonly string[];
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
  readonly endpoints: readonly EndpointRequest[];
  /** What to publish; the container needs an endpoint then. */
  readonly ports?: readonly PortRequest[] | undefined;
}

export interface NetworkManager {
  /** @throws EngineError notFound `network NAME not found` */
  createSandbox(request: SandboxRequest): Promise<Sandbox>;
  /** Idempotent. */
  destroySandbox(containerId: string): Promise<void>;
  /** After an engine restart: takes over a sandbox that still exists (its container runs on). */
  adoptSandbox(request: SandboxRequest, sandbox: Sandbox): Promise<void>;
}
