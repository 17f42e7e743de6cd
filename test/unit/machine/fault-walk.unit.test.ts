import { expect } from 'chai';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cloneMachine } from '../../../src/machine/clone.ts';
import { createMachine } from '../../../src/machine/create.ts';
import { listMachines } from '../../../src/machine/ls.ts';
import { removeMachine } from '../../../src/machine/rm.ts';
import { createSnapshot, restoreSnapshot } from '../../../src/machine/snapshots/snapshots.ts';
import { startMachine } from '../../../src/machine/start.ts';
import { machineStatus } from '../../../src/machine/status.ts';
import { withMischief, withoutSync, type Mischief } from '../../helpers/machine/fault-walk.ts';
import { machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

/** A machine service, walked: every step of it fails once, and is interrupted once. */
interface Walk {
  readonly prepare: (world: MachineWorld) => Promise<unknown>;
  readonly act: (world: MachineWorld, signal: AbortSignal) => Promise<unknown>;
  /** What must hold after it was struck, and what one would do next. */
  readonly mend: (world: MachineWorld, outcome: Outcome) => Promise<void>;
  /** So many steps there are at least: a walk that finds fewer walks past something. */
  readonly steps: number;
}

interface Outcome {
  readonly error: Error | undefined;
}

const MISCHIEF = ['fault', 'interrupt'] as const satisfies Mischief[];

const create = (world: MachineWorld, start: boolean, signal = world.signal): Promise<unknown> =>
  createMachine(world.context, { name: 'x', driver: 'fake', start, diskGiB: 1 }, world.report, signal);
const start = (world: MachineWorld, name = 'x'): Promise<void> =>
  startMachine(world.context, name, world.report, world.signal);
const disk = (world: MachineWorld, name = 'x'): string => world.context.store.files(name).dataDisk;
const machines = (world: MachineWorld): Promise<string[]> => readdir(join(world.home, 'machines'));

/** The state that `ls` has for the machine, which is never one that nothing can be done about. */
async function stateOf(world: MachineWorld, name = 'x'): Promise<string | undefined> {
  const row = (await listMachines(world.context)).find((found) => found.name === name);
  if (row !== undefined) {
    expect(row.state).to.be.oneOf(['Running', 'Stopped']);
    if (row.state === 'Stopped') expect(row.error).to.equal('');
  }
  return row?.state;
}

const walks: Readonly<Record<string, Walk>> = {
  create: {
    steps: 50,
    prepare: () => Promise.resolve(),
    act: (world, signal) => create(world, true, signal),
    async mend(world, { error }) {
      const state = await stateOf(world);
      if (error === undefined) expect(state).to.equal('Running');
      if (state === undefined) await create(world, true);
      else if (state === 'Stopped') await start(world);
      expect(await machineStatus(world.context, 'x')).to.equal('Running');
      expect(await machines(world)).to.deep.equal(['x']);
    },
  },
  rm: {
    steps: 3,
    prepare: (world) => create(world, true),
    act: (world, signal) => removeMachine(world.context, 'x', { force: false, signal }),
    async mend(world, { error }) {
      const state = await stateOf(world);
      if (error === undefined) expect(state).to.equal(undefined);
      if (state !== undefined) await removeMachine(world.context, 'x', { force: true });
      await create(world, false);
      expect(await machines(world)).to.deep.equal(['x']);
    },
  },
  clone: {
    steps: 40,
    async prepare(world) {
      await create(world, false);
      await writeFile(disk(world), 'data');
    },
    act: (world, signal) => cloneMachine(world.context, { source: 'x', target: 'y' }, world.report, signal),
    async mend(world, { error }) {
      expect(await stateOf(world)).to.equal('Stopped');
      const state = await stateOf(world, 'y');
      if (error === undefined) expect(state).to.equal('Stopped');
      if (state === undefined) {
        await cloneMachine(world.context, { source: 'x', target: 'y' }, world.report, world.signal);
      }
      expect(await readFile(disk(world, 'y'), 'utf8')).to.equal('data');
      expect((await machines(world)).sort()).to.deep.equal(['x', 'y']);
      await start(world, 'y');
    },
  },
  'snapshot restore': {
    steps: 20,
    async prepare(world) {
      await create(world, false);
      await writeFile(disk(world), 'old');
      await createSnapshot(world.context, 'x', 's', world.report, world.signal);
      await writeFile(disk(world), 'new');
      const { config } = await world.context.store.load('x');
      await world.context.store.save({ ...config, cpus: 77 });
    },
    act: (world, signal) => restoreSnapshot(world.context, 'x', 's', world.report, signal),
    async mend(world, { error }) {
      await start(world);
      const { cpus } = (await world.context.store.load('x')).config;
      const now = [await readFile(disk(world), 'utf8'), cpus === 77];
      expect(now, 'one or the other').to.be.deep.oneOf([
        ['old', false],
        ['new', true],
      ]);
      if (error === undefined) expect(now).to.deep.equal(['old', false]);
      const left = (await readdir(world.context.store.files('x').directory)).filter((name) =>
        /restored|~/.test(name),
      );
      expect(left).to.deep.equal([]);
    },
  },
};

describe('every step of a machine’s command, struck', () => {
  let sync: () => void;
  before(async () => {
    sync = await withoutSync();
  });
  after(() => sync());

  for (const [name, walk] of Object.entries(walks)) {
    it(name, async () => {
      let at = 0;
      let more = true;
      while (more) {
        at += 1;
        // Each step of a create in both ways; of the others in turn, to be done in time.
        const turns = name === 'create' ? MISCHIEF : MISCHIEF.slice(at % 2, (at % 2) + 1);
        for (const mischief of turns) more = await strike(walk, mischief, at);
      }
      expect(at, 'steps').to.be.greaterThan(walk.steps);
    });
  }

  /** @returns whether there was such a step */
  async function strike(walk: Walk, mischief: Mischief, at: number): Promise<boolean> {
    const world = await machineWorld({ agents: 'pretended' });
    try {
      await walk.prepare(world);
      const stop = new AbortController();
      let error: Error | undefined;
      const interrupt = (): void => stop.abort();
      const { struck } = await withMischief(mischief, at, interrupt, async () => {
        try {
          await walk.act(world, stop.signal);
        } catch (thrown) {
          error = thrown instanceof Error ? thrown : new Error(String(thrown));
        }
      });
      if (struck === undefined) {
        expect(error).to.equal(undefined);
        return false;
      }
      // The command's process ends, and its locks with it.
      await rm(join(world.home, 'locks'), { recursive: true, force: true });
      try {
        if (error !== undefined)
          expect(`${error.name}: ${error.message}`).to.match(mischief === 'fault' ? /EIO/ : /Abort/);
        await walk.mend(world, { error });
      } catch (reason) {
        throw new Error(`step ${at}, ${struck} (${error?.message}): ${String(reason)}`, { cause: reason });
      }
      return true;
    } finally {
      await world.end();
    }
  }
});
