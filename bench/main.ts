// Prints medians and ratios taken in one run: `npm run bench`, or `npm run bench -- run pull` for some of them.
// Seconds don't carry over from one computer to another; ratios do.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorld, repository } from '../test/helpers/e2e-world.ts';
import { benchCli } from './cli.ts';
import { benchBoot } from './boot.ts';
import { benchBootstrap } from './bootstrap.ts';
import { benchCompose } from './compose.ts';
import { benchContainers } from './containers.ts';
import { benchMemory } from './memory.ts';
import { benchPull } from './pull.ts';
import { benchReturn } from './return.ts';
import { benchRun } from './run.ts';
import { benchShare } from './share.ts';
import { renderFigures, type Figure } from './statistics.ts';

const RUNS = Math.max(5, Number(process.env['BENCH_RUNS'] ?? 5));
const wanted = process.argv.slice(2);
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

const figures: Figure[] = [];
const world = await createWorld();
try {
  const parts = {
    cli: benchCli,
    memory: benchMemory,
    return: benchReturn,
    run: benchRun,
    containers: benchContainers,
    pull: benchPull,
    boot: benchBoot,
    compose: benchCompose,
    bootstrap: benchBootstrap,
    share: benchShare,
  };
  for (const [name, bench] of Object.entries(parts)) {
    if (!isWanted(name)) continue;
    const found = await bench(world, RUNS);
    figures.push(...found);
    console.log(`\n# ${name}\n${renderFigures(found).join('\n')}`);
  }
} finally {
  await world.stop();
}
const results = join(repository, 'bench', 'results');
mkdirSync(results, { recursive: true });
writeFileSync(
  join(results, 'latest.json'),
  `${JSON.stringify({ date: new Date().toISOString(), figures }, null, 2)}\n`,
);
