import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { WherryError } from '../../../src/core/errors.ts';
import { acquireLock, type HeldLock } from '../../../src/platform/lock.ts';
import { listenLocal } from '../../../src/platform/local-socket.ts';
import { systemPathInputs } from '../../../src/platform/paths.ts';
import { wherryVersion } from '../../../src/platform/version.ts';
import type { DetachedProcess, Exec } from '../../../src/platform/exec.ts';
import { machineFiles } from '../../../src/machine/store/filenames.ts';
import type { MachineConfig } from '../../../src/machine/store/machine-config.ts';
import type { AgentStatus, ReadyLine } from '../../../src/protocol/agent/control.ts';
import { machineConfigOf } from '../machine/machine-config.ts';
import type { Given } from './machine-case.ts';

/** The engine's version that the agents of these machines tell. */
export const ENGINE_VERSION = '28.5.2';

/** A home with machines written straight into it, whose agents are servers in this process. */
export interface MachineHome {
  readonly home: string;
  /** What stands in for the port that starts processes: an agent is started here, all else is refused. */
  readonly exec: Exec;
  /** Ends the servers; the files stay. */
  end(): Promise<void>;
}

export async function machineHome(
  home: string,
  given: Readonly<Record<string, Given>>,
): Promise<MachineHome> {
  await mkdir(join(home, 'machines'), { recursive: true, mode: 0o700 });
  const servers: (Server | HttpServer)[] = [];
  const locks: HeldLock[] = [];
  for (const [name, what] of Object.entries(given)) {
    await writeMachine(home, name, what);
    const verb = what === 'starting' ? 'start' : what === 'stopping' ? 'stop' : undefined;
    if (verb !== undefined) {
      const files = machineFiles(home, name, systemPathInputs());
      locks.push(await acquireLock(files.lock, { purpose: `machine ${verb} ${name}`, verb }));
    }
  }
  const refuse = (argv: readonly string[]): Promise<never> =>
    Promise.reject(
      new WherryError({
        code: 'EXEC_NOT_FOUND',
        message: `a case of the grammar starts no process: ${argv.join(' ')}`,
      }),
    );
  return {
    home,
    exec: {
      run: refuse,
      check: refuse,
      spawnDetached: async (argv) => {
        const name = argv.at(-1) ?? '';
        if (given[name] === 'silent') return refuse(argv);
        return startAgent(home, name, given[name] === 'mute', servers);
      },
    },
    async end() {
      for (const server of servers) {
        if ('closeAllConnections' in server) server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      }
      for (const lock of locks) await lock.release();
    },
  };
}

async function writeMachine(home: string, name: string, given: Given): Promise<void> {
  const files = machineFiles(home, name, systemPathInputs());
  await mkdir(files.directory, { mode: 0o700 });
  if (given === 'broken') return writeFile(files.config, '{"configVersion": 1, "name": 7');
  const fields: Partial<MachineConfig> & { state?: string } = typeof given === 'string' ? {} : { ...given };
  const state = typeof given === 'string' ? given : fields.state;
  delete fields.state;
  const driverOptions = given === 'sick' ? { fail: 'status' } : {};
  const config = machineConfigOf({ name, driverOptions, ...fields });
  await Promise.all([
    writeFile(files.config, JSON.stringify(config)),
    writeFile(files.dataDisk, ''),
    writeFile(files.hostKey, 'host key'),
    writeFile(files.clientPublicKey, 'client key'),
    ['running', 'paused', 'mute', 'silent'].includes(state ?? '')
      ? writeFile(
          join(files.directory, 'fake-vm.json'),
          JSON.stringify({ state: state === 'paused' ? state : 'running' }),
        )
      : undefined,
  ]);
}

/** What an agent is to its clients: two sockets and a ready line. */
async function startAgent(
  home: string,
  name: string,
  mute: boolean,
  servers: (Server | HttpServer)[],
): Promise<DetachedProcess> {
  const files = machineFiles(home, name, systemPathInputs());
  const status: AgentStatus = {
    pid: process.pid,
    version: wherryVersion(),
    machine: name,
    sshConnected: true,
    serving: true,
    clients: 0,
  };
  const engine = createServer((_request, response) => {
    if (!mute) response.end(JSON.stringify({ Version: ENGINE_VERSION }));
  });
  await new Promise<void>((listening) => engine.listen(files.dockerSocket, listening));
  const control = await listenLocal(files.agentSocket, (socket) => {
    socket.once('data', (line: Buffer) => {
      socket.end(`${JSON.stringify({ ok: true, status })}\n`);
      if (!line.includes('"stop"')) return;
      engine.closeAllConnections();
      engine.close();
      control.close();
    });
  });
  servers.push(engine, control);
  return {
    pid: process.pid,
    exited: Promise.resolve({ exitCode: 0, signal: undefined }),
    stdout: Readable.from([`${JSON.stringify({ event: 'ready', status } satisfies ReadyLine)}\n`]),
    release: () => undefined,
  };
}
