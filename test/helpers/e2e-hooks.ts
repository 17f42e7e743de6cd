import type { RootHookObject } from 'mocha';
import { createWorld, type World } from './e2e-world.ts';

let shared: World | undefined;

/** The world that the running suites share. */
export function world(): World {
  if (!shared)
    throw new Error('Run end-to-end tests through `npm run test:e2e`, which prepares their world.');
  return shared;
}

export const mochaHooks: RootHookObject = {
  async beforeAll(this: Mocha.Context) {
    this.timeout(900_000);
    shared = await createWorld();
  },
  async afterAll(this: Mocha.Context) {
    this.timeout(120_000);
    await shared?.stop();
  },
};
