import * as z from 'zod';

/**
 * The config disk: a raw disk that holds a plain ustar archive from byte 0, padded with zeros to a multiple of 1 MiB.
 * The guest recognises it by the first member's name, `wherry-config`, an empty file. Everything in it is
 * owner-only on the host and lands in a root-only tmpfs in the guest.
 */
export const CONFIG_DISK_MAGIC = 'wherry-config';

export const CONFIG_FILES = {
  /** One line. */
  hostname: 'hostname',
  /** The SSH server's private key in dropbear's own key format. */
  hostKey: 'dropbear_ed25519_host_key',
  /** OpenSSH authorized_keys, one ed25519 key. */
  authorizedKeys: 'authorized_keys',
  /** {@link engineConfig} as JSON. */
  engine: 'engine.json',
  /** Seconds since the epoch when the disk was written: the clock never starts before it. */
  epoch: 'epoch',
  /** One line, where the data disk began as another machine's: what that disk has of the other's identity goes. */
  identity: 'identity',
  /**
   * The machine's `docker.sock` on the host: a container that binds it gets the engine's own socket. A file of its own:
   * engines of older images refuse keys of engine.json that they don't know.
   */
  dockerSocket: 'docker-socket',
  /** {@link proxyConfig} as JSON, where there is one; a file of its own for the same reason. May hold a password. */
  proxy: 'proxy.json',
  /** {@link registryCertificates} as JSON, where there are some; a file of its own for the same reason. */
  certificates: 'registry-certificates.json',
} as const;

/** What a machine tells its engine; `engine.json` on the config disk. Unknown keys are refused. */
export const engineConfig = z.strictObject({
  configVersion: z.literal(1),
  machineName: z.string(),
  /** `http(s)://host[:port]` of pull-through mirrors for docker.io, tried in order before it. */
  registryMirrors: z.array(z.string()).default([]),
  /** `host[:port]`, or a range of addresses, that may be spoken to by plain HTTP (or with an unverifiable certificate). */
  insecureRegistries: z.array(z.string()).default([]),
  /** How the host runs this VM, for `info`. */
  accelerator: z.string().default('unknown'),
  /** `key=value` of `machine create --engine-label`, for `info`. */
  labels: z.array(z.string()).default([]),
  /** Whether containers get user ids of their own unless they say otherwise. */
  userns: z.enum(['host', 'auto']).default('host'),
  /** Whether containers may reach the user's computer, and find it as `host.docker.internal`. */
  hostAccess: z.boolean().default(true),
});

export type EngineConfig = z.infer<typeof engineConfig>;

/** How the engine gets to registries: proxies as the user's computer writes them (URLs, `localhost` meaning itself). Later keys pass. */
export const proxyConfig = z.object({
  http: z.string().optional(),
  https: z.string().optional(),
  /** In the form of NO_PROXY. */
  no: z.string().optional(),
});

export type ProxyConfig = z.infer<typeof proxyConfig>;

/** Certificates in PEM that the engine takes for authorities besides Mozilla's. */
export const registryCertificates = z.object({
  /** For every registry and proxy. */
  all: z.array(z.string()),
  /** For a registry alone, by `host[:port]`. */
  hosts: z.record(z.string(), z.array(z.string())),
});

export type RegistryCertificates = z.infer<typeof registryCertificates>;

/**
 * Every port that a machine opens for itself on the host's loopback (its SSH forward) is taken from this range, so that
 * each guest can drop its containers' traffic to the ports of all machines: under user-mode networking 10.0.2.2 *is*
 * the host's loopback.
 */
export const MACHINE_PORT_RANGE = { first: 42_200, last: 42_999 } as const;
