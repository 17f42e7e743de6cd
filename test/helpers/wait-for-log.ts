import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repository, type World } from './e2e-world.ts';

/** Follows a container's logs until they contain `text`; fails with what they did contain if they end first. */
export async function waitForLog(world: World, container: string, text: string): Promise<void> {
  const child = spawn(process.execPath, [join(repository, 'bin/run.js'), 'logs', '-f', container], {
    env: world.env,
  });
  let seen = '';
  await new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      seen += chunk.toString();
      if (seen.includes(text)) resolve();
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    child.once('close', () =>
      reject(new Error(`The logs of ${container} ended without "${text}":\n${seen}`)),
    );
  });
  child.kill('SIGINT');
}
