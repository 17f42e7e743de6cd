import type { Explanation } from '../../protocol/docker/explanation.ts';
import type { EngineClient } from '../engine-client/client.ts';
import type { ServerVersion } from '../render/version.ts';
import type { Terminal } from '../streams/terminal.ts';
import { askedStep, cacheStep, containerSteps, type Asked, type Cached } from './steps.ts';

/** What happens on the way of a command, as it happens. */
export interface Narrator {
  asked(): Promise<void>;
  cache(cached: Cached): void;
  /** Everything is made for the command, which may have ended since. */
  container(explanation: Explanation): void;
}

/** Tells on stderr: a step at a time, or with `json` all of it as one line when it is whole. */
export function narrator(
  engine: EngineClient,
  machine: string,
  format: string | undefined,
  terminal: Terminal,
): Narrator {
  const write = (lines: readonly string[]): void => {
    for (const line of lines) terminal.stderr.write(`${line}\n`);
  };
  const isJson = format === 'json';
  const told: { Client?: Asked; Cache?: Cached } = {};
  return {
    async asked() {
      const server = await engine.json<ServerVersion>('GET', '/version');
      const asked = {
        ClientPid: process.pid,
        Machine: machine,
        EngineVersion: server.Version,
        Kernel: server.KernelVersion,
        Platform: `${server.Os}/${server.Arch}`,
      };
      told.Client = asked;
      if (!isJson) write(askedStep(asked));
    },
    cache(cached) {
      told.Cache = cached;
      if (!isJson) write(cacheStep(cached));
    },
    container(explanation) {
      write(isJson ? [JSON.stringify({ ...told, ...explanation })] : containerSteps(explanation));
    },
  };
}
