import { join } from 'node:path';
import { localAddress, runDirectoryFor, type PathInputs } from '../../platform/paths.ts';

/** The directories of a Wherry home. docs/machine-directory.md describes every file; keep the two together. */
export interface HomeDirectories {
  readonly home: string;
  readonly machines: string;
  readonly locks: string;
}

export function homeDirectories(home: string): HomeDirectories {
  return { home, machines: join(home, 'machines'), locks: join(home, 'locks') };
}

/** Every file of one machine, absolute. This is the only module that spells their names. */
export interface MachineFiles {
  readonly name: string;
  readonly directory: string;
  readonly runDirectory: string;
  readonly config: string;
  readonly clientKey: string;
  readonly clientPublicKey: string;
  readonly hostKey: string;
  readonly knownHosts: string;
  /** Directory of keys that are about to replace the four above. */
  readonly newKeys: string;
  /** Snapshots, a directory each; src/machine/snapshots/. */
  readonly snapshots: string;
  /** Directory of a data disk and a machine.json that are about to replace the machine's. */
  readonly restored: string;
  readonly configDisk: string;
  readonly dataDisk: string;
  readonly consoleLog: string;
  readonly agentLog: string;
  /** What the agent prints when it can't even log. */
  readonly agentOutput: string;
  /** Unix socket paths, or named pipes on Windows. */
  readonly dockerSocket: string;
  readonly agentSocket: string;
  /**
   * `lock` is held by whoever changes the machine, `agentLock` by the agent while it lives, `agentStartLock` by whoever
   * starts it. Lock directories (src/platform/lock.ts): outside the machine's
   * directory, which comes and goes under them.
   */
  readonly lock: string;
  readonly agentLock: string;
  readonly agentStartLock: string;
  /** The id of an image that the holder of `lock` is about to boot the machine from; src/machine/image-claim.ts. */
  readonly imageClaim: string;
}

/** The files of machine `name`, standing in `directory` where that isn't its final place yet. */
export function machineFiles(
  home: string,
  name: string,
  inputs: PathInputs,
  directory?: string,
): MachineFiles {
  const { machines, locks } = homeDirectories(home);
  const finalDirectory = join(machines, name);
  const standsIn = directory ?? finalDirectory;
  const runDirectory = runDirectoryFor(finalDirectory, inputs);
  const where = { machine: name, home, runDirectory };
  return {
    name,
    directory: standsIn,
    runDirectory,
    config: join(standsIn, 'machine.json'),
    clientKey: join(standsIn, 'id_ed25519'),
    clientPublicKey: join(standsIn, 'id_ed25519.pub'),
    hostKey: join(standsIn, 'dropbear_ed25519_host_key'),
    knownHosts: join(standsIn, 'known_hosts'),
    newKeys: join(standsIn, 'keys.new'),
    snapshots: join(standsIn, 'snapshots'),
    restored: join(standsIn, 'restored'),
    configDisk: join(standsIn, 'config.img'),
    dataDisk: join(standsIn, 'data.img'),
    consoleLog: join(standsIn, 'console.log'),
    agentLog: join(standsIn, 'agent.log'),
    agentOutput: join(standsIn, 'agent.out'),
    dockerSocket: localAddress(where, 'docker.sock', inputs),
    agentSocket: localAddress(where, 'agent.sock', inputs),
    lock: join(locks, name),
    agentLock: join(locks, `${name}~agent`),
    agentStartLock: join(locks, `${name}~agent-start`),
    imageClaim: join(locks, claimName(name)),
  };
}

const CLAIM = '~image';
const claimName = (name: string): string => `${name}${CLAIM}`;

/** The machine's name in the base name of an `imageClaim`, or undefined for anything else in `locks/`. */
export function nameInClaim(baseName: string): string | undefined {
  return baseName.endsWith(CLAIM) ? baseName.slice(0, -CLAIM.length) : undefined;
}

/** Directories in `machines/` that aren't machines: `.new-NAME~SUFFIX` (being made), `.old-NAME~SUFFIX` (being removed). */
export function passingDirectory(home: string, kind: 'new' | 'old', name: string, suffix: string): string {
  return join(homeDirectories(home).machines, `.${kind}-${name}~${suffix}`);
}

/** The machine's name in the base name of a {@link passingDirectory}, or undefined for anything else. */
export function nameInPassing(baseName: string): string | undefined {
  return /^\.(?:new|old)-(.+)~[0-9a-f]+$/.exec(baseName)?.[1];
}
