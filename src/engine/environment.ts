import { GUEST } from '../protocol/boot/guest-paths.ts';

/** Where the engine's surroundings are; init sets these, tests set others. */
export interface Environment {
  readonly socket: string;
  readonly dataDir: string;
  readonly runDir: string;
  readonly configFile: string;
  /** The readiness port (a FIFO or a character device); not there when the engine runs outside of a machine. */
  readonly readyPort: string;
  /** Who besides root may use the sockets: whoever logs in by SSH where that isn't root. */
  readonly socketOwner?: number | undefined;
  /** The user's computer isn't this one's gateway: where it is, nobody knows. */
  readonly hostIsElsewhere?: boolean | undefined;
}

export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  return {
    socket: env['WHERRY_SOCKET'] ?? GUEST.engineSocket,
    dataDir: env['WHERRY_DATA'] ?? GUEST.dataDir,
    runDir: env['WHERRY_RUN'] ?? '/run/wherry',
    configFile: env['WHERRY_CONFIG'] ?? `${GUEST.configDir}/engine.json`,
    readyPort: env['WHERRY_READY'] ?? GUEST.readyPort,
    ...(env['WHERRY_SOCKET_OWNER'] === undefined ? {} : { socketOwner: Number(env['WHERRY_SOCKET_OWNER']) }),
    ...(env['WHERRY_HOST'] === 'elsewhere' ? { hostIsElsewhere: true } : {}),
  };
}
