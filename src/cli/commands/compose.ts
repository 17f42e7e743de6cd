import { constants, homedir } from 'node:os';
import { WherryError } from '../../core/errors.ts';
import { systemExec } from '../../platform/exec.ts';
import { WherryCommand } from '../base-command.ts';
import { findComposePlugin } from '../compose/find-plugin.ts';
import { needsEngine, startsMachine } from '../compose/subcommand.ts';
import { ExitStatus } from '../error-render.ts';
import { takeSignals } from '../signals.ts';

export default class Compose extends WherryCommand {
  static override description =
    "Define and run multi-container applications: docker's compose plugin, where it is installed, with this machine";
  static override usage = 'compose ARGS...';
  static override strict = false;
  /** Every word is the plugin's. */
  static override takesAllWords = true;

  async run(): Promise<void> {
    const words = this.argv.slice(this.argv[0] === '--' ? 1 : 0);
    const { platform, env } = process;
    const { found, lookedIn } = findComposePlugin({ platform, env, home: homedir() });
    if (found === undefined) throw notInstalled(platform, lookedIn);
    const status = await this.runPlugin(found, words);
    if (status !== 0) throw new ExitStatus(status);
  }

  private async runPlugin(plugin: string, words: readonly string[]): Promise<number> {
    const host = await this.host();
    const engine = needsEngine(words);
    if (startsMachine(words)) await host.ensureRunning(undefined, { yes: false });
    if (engine) {
      // The machine's socket on this computer is its agent's: whoever connects makes sure that there is one.
      await this.withEngine(undefined, (client) => client.json('GET', '/version'));
    }
    const ended = new AbortController();
    const giveBack = takeSignals((signal) => {
      // The terminal's Ctrl-C reaches the plugin by itself.
      if (signal === 'SIGTERM' || signal === 'SIGHUP') {
        ended.abort(new ExitStatus(128 + constants.signals[signal]));
      }
    });
    try {
      const result = await systemExec.run([plugin, ...words], {
        stdio: 'inherit',
        signal: ended.signal,
        env: {
          ...(engine ? { DOCKER_HOST: (await host.machineFacts(undefined)).url } : {}),
          // They would lead somewhere else.
          DOCKER_CONTEXT: undefined,
          DOCKER_TLS_VERIFY: undefined,
          DOCKER_CERT_PATH: undefined,
        },
      });
      if (result.exitCode !== undefined) return result.exitCode;
      return 128 + (constants.signals[result.signal as NodeJS.Signals] ?? 0);
    } finally {
      giveBack();
    }
  }
}

const HOW: Partial<Record<NodeJS.Platform, string>> = {
  darwin: 'brew install docker-compose',
  win32: 'winget install Docker.DockerCompose',
};

function notInstalled(platform: NodeJS.Platform, lookedIn: readonly string[]): WherryError {
  const how = HOW[platform] ?? 'apt-get install docker-compose   (Debian 13; docker-compose-v2 on Ubuntu)';
  return new WherryError({
    code: 'NO_COMPOSE',
    message: `docker compose is not installed (looked for docker-compose in ${lookedIn.join(', ')} and on PATH)`,
    hint: `Install it with:  ${how}`,
    exitCode: 1,
  });
}
