import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { systemClock, type Clock } from '../../platform/clock.ts';
import { systemExec, type Exec } from '../../platform/exec.ts';
import { systemProcesses, type Processes } from '../../platform/process-identity.ts';

/** What the driver needs of this computer: facts and ports, so that tests can be a Windows. */
export interface HypervHost {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exec: Pick<Exec, 'run'>;
  readonly processes: Pick<Processes, 'self' | 'isAlive'>;
  readonly clock: Clock;
  /** The folder of the PowerShell scripts. */
  readonly scripts: string;
  /** The whole name of the pipe that a COM port of a machine is, from a name that is the machine's own. */
  readonly pipeName: (name: string) => string;
  /** One attempt to connect to a pipe. */
  readonly connectPipe: (path: string) => Promise<Socket>;
}

/** The build copies them to where they are from here. */
const SCRIPTS = fileURLToPath(new URL('./scripts/', import.meta.url));

export function systemHypervHost(): HypervHost {
  return {
    platform: process.platform,
    env: process.env,
    exec: systemExec,
    processes: systemProcesses,
    clock: systemClock,
    scripts: SCRIPTS,
    pipeName: (name) => `\\\\.\\pipe\\${name}`,
    connectPipe,
  };
}

export function connectPipe(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}
