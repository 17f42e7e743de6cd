import * as z from 'zod';
import { ARCHES } from '../../core/arch.ts';

export const CONFIG_VERSION = 1;

const engineSettings = z.strictObject({
  /** `host[:port]` that may be spoken to by plain HTTP. */
  insecureRegistries: z.array(z.string()),
  /** `http(s)://host[:port]`, tried in order before Docker Hub. */
  registryMirrors: z.array(z.string()),
  /** `KEY=VALUE`, shown by `info` and matched by `machine ls --filter label=`. */
  labels: z.array(z.string()),
  /** `HTTP_PROXY=URL`, `HTTPS_PROXY=…`, `NO_PROXY=…`: in place of this computer's own. May hold a proxy's password. */
  env: z.array(z.string()).optional(),
  /** Certificates in PEM that the engine takes for authorities, each of its own. */
  certificateAuthorities: z.array(z.string()).optional(),
  /** `PATH[:ro|:rw]`: directories of this computer that containers may have; absent: {@link DEFAULT_MOUNTS}. */
  mounts: z.array(z.string()).optional(),
  /** `auto`: containers get user ids of their own unless they say otherwise. */
  userns: z.literal('auto').optional(),
  /** `false`: containers can't reach this computer. */
  hostAccess: z.literal(false).optional(),
});

/** `machine.json`: what its user wants of a machine. Whether it runs is not in here: that is asked of the facts. */
export const machineConfig = z.strictObject({
  configVersion: z.literal(CONFIG_VERSION),
  name: z.string(),
  driver: z.string(),
  arch: z.enum(ARCHES),
  cpus: z.int().positive(),
  memoryMiB: z.int().positive(),
  diskGiB: z.int().positive(),
  /** The digest of the VM image that it boots. */
  imageId: z.string(),
  driverOptions: z.record(z.string(), z.unknown()),
  engine: engineSettings,
  createdAt: z.iso.datetime(),
  /** A clone's: its data disk began as another machine's, and its engine is to have an id of its own. */
  identity: z.uuid().optional(),
});

/** The user's home, for reading and writing. */
export const DEFAULT_MOUNTS: readonly string[] = ['~'];

export type MachineConfig = z.infer<typeof machineConfig>;
export type EngineSettings = z.infer<typeof engineSettings>;
