import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemErrorCode, WherryError } from '../core/errors.ts';
import { driverFor } from '../drivers/registry.ts';
import { openMachineStore } from '../machine/store/machine-store.ts';
import { systemClock } from '../platform/clock.ts';
import { openLogFile } from '../platform/log.ts';
import { systemPathInputs } from '../platform/paths.ts';
import { wherryVersion } from '../platform/version.ts';
import type { ReadyLine } from '../protocol/agent/control.ts';
import { connectRemote } from '../ssh/remote-host.ts';
import { runAgent } from './run-agent.ts';

/** The agent's process: `node main.js HOME MACHINE`, started by agent/client/ensure-agent.ts. */
async function main(home: string | undefined, name: string | undefined): Promise<void> {
  if (home === undefined || name === undefined) throw new Error('usage: main HOME MACHINE');
  const store = openMachineStore(home, systemPathInputs());
  const { files, config } = await store.load(name);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(new Error(signal)));
  }
  const driver = await driverFor(config.driver, { stateDirectory: join(home, 'drivers'), connectRemote });
  const log = openLogFile(files.agentLog);
  process.on('uncaughtExceptionMonitor', (error) => log.error('crashed', { stack: error.stack }));
  await runAgent({
    files,
    config,
    driver,
    clock: systemClock,
    log,
    version: wherryVersion(),
    signal: stop.signal,
    onReady: (status) => tellStarter({ event: 'ready', status }),
  });
}

/** One line on stdout. Whoever started the agent may be gone by then, which is no reason to end. */
function tellStarter(line: ReadyLine): void {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`);
  } catch (error) {
    if (systemErrorCode(error) !== 'EPIPE') throw error;
  }
}

// No await at the top: the agent is built as CommonJS.
main(process.argv[2], process.argv[3]).catch((error: unknown) => {
  process.exitCode = 1;
  const known = error instanceof WherryError ? error : undefined;
  tellStarter({
    event: 'failed',
    code: known?.code ?? 'AGENT_FAILED',
    message: messageOf(error),
    hint: known?.hint,
  });
  if (known === undefined) throw error;
});
