import type { VmStatus } from '../drivers/driver.ts';
import type { DockerServer } from './docker-server.ts';

export interface StartPorts {
  readonly vm: () => Promise<VmStatus>;
  readonly serve: () => Promise<DockerServer>;
  /** Called where the start will never be over. */
  readonly onCutOff: (reason: string) => void;
}

export interface LateServer {
  /** The server, made by the first look that finds the VM's start over; undefined before. */
  look(): Promise<DockerServer | undefined>;
  /** What there is of it without a look. */
  served(): Promise<DockerServer | undefined>;
  close(): Promise<void>;
}

/**
 * Keeps `docker.sock` back until the machine's start is over: whoever finds the socket finds an engine behind it.
 * It looks when it is asked, and the process that starts the machine asks after its last step.
 */
export function serveOnceStarted(ports: StartPorts): LateServer {
  let server: Promise<DockerServer> | undefined;

  async function look(): Promise<DockerServer | undefined> {
    if (server !== undefined) return server;
    const now = await ports.vm();
    if (now.status === 'running' || now.status === 'paused') return (server ??= ports.serve());
    if (now.status !== 'starting') ports.onCutOff(now.status === 'error' ? now.reason : 'the VM has gone');
    return server;
  }

  return {
    look,
    served: async () => server,
    async close() {
      await (await server)?.close();
    },
  };
}
