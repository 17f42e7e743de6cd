import type { RootHookObject } from 'mocha';
import { createWorld, MACHINE, type World } from './e2e-world.ts';
import { coverEngine, fetchEngineCoverage } from './engine-coverage.ts';

let shared: World | undefined;

/** Set by `npm run coverage`: the directory that the guest's engine's coverage goes to. */
const engineCoverage = process.env['WHERRY_ENGINE_COVERAGE'];

/** The world that the running suites share. */
export function world(): World {
  if (!shared)
    throw new Error('Run end-to-end tests through `npm run test:e2e`, which prepares their world.');
  return shared;
}

/** Restarts the shared machine's VM. Its system disk is as composed again: what covers the engine is put there anew. */
export async function restartSharedMachine(verb: 'restart' | 'provision' = 'restart'): Promise<void> {
  await world().ok(['machine', verb, MACHINE]);
  if (engineCoverage !== undefined) await coverEngine(world());
}

export const mochaHooks: RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(900_000);
    shared = await createWorld();
    if (engineCoverage !== undefined) await coverEngine(shared);
  },
  async afterAll(this: Mocha.Context) {
    // The guest's coverage is tens of megabytes, of each engine that ran, and comes over SSH.
    this.timeout(engineCoverage === undefined ? 120_000 : 900_000);
    try {
      if (engineCoverage !== undefined && shared) await fetchEngineCoverage(shared, engineCoverage);
    } finally {
      await shared?.stop();
    }
  },
};
