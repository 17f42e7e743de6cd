import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory, repository, type World } from '../../helpers/e2e-world.ts';
import { runProgram } from '../../helpers/process.ts';

/** Where machines are made, and by which words. */
export type Home = Pick<World, 'home' | 'env' | 'ok'>;

/** A home without a machine: the end-to-end tests' world has one, and images, which nobody needs here. */
export function temporaryHome(): Home & { remove(): void } {
  const home = mkdtempSync(join(tmpdir(), 'wherry-soak-'));
  const downloads = join(cacheDirectory, 'downloads');
  const env = { ...process.env, CI: 'true', NO_COLOR: '1', WHERRY_HOME: home, WHERRY_CACHE: downloads };
  return {
    home,
    env,
    ok: async (args) => {
      const result = await runProgram(process.execPath, [join(repository, 'bin', 'run.js'), ...args], {
        env,
      });
      if (result.status === 0) return result.stdout;
      throw new Error(`wherry ${args.join(' ')}: exit ${result.status}\n${result.stdout}\n${result.stderr}`);
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
