import { expect } from 'chai';
import { hasOwnClock, keepGuestClock } from '../../../src/agent/guest-clock.ts';
import { genericModule } from '../../../src/drivers/generic/module.ts';
import { noneModule } from '../../../src/drivers/none/module.ts';
import { qemuModule } from '../../../src/drivers/qemu/module.ts';
import type { Clock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';

const START = 1_800_000_000_000;

/** This computer and its guest: both clocks are what the test makes of them. */
class World {
  host = START;
  guest = START;
  readonly commands: string[] = [];
  readonly log: string[] = [];
  /** What happens while the agent sleeps, by the tick's number. */
  readonly events = new Map<number, () => void>();
  answer: (() => Promise<string>) | undefined;
  readonly #end = new AbortController();
  #ticks = 0;
  atOnce = false;

  readonly clock: Clock = {
    now: () => this.host,
    monotonic: () => this.host,
    sleep: async (ms, signal) => {
      if (ms > 5000) {
        // The patience with an answer.
        await new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
        return;
      }
      this.#ticks += 1;
      this.pass(ms);
      this.events.get(this.#ticks)?.();
      await Promise.resolve();
      signal?.throwIfAborted();
    },
  };

  pass(ms: number): void {
    this.host += ms;
    this.guest += ms;
  }

  /** The agent's life for so many ticks. */
  async live(ticks: number): Promise<void> {
    this.events.set(ticks, () => this.#end.abort());
    await keepGuestClock({
      clock: this.clock,
      log: createLog((line) => this.log.push(line)),
      signal: this.#end.signal,
      atOnce: this.atOnce,
      run: async (command) => {
        this.commands.push(command);
        this.pass(100);
        if (this.answer !== undefined) return this.answer();
        const set = /^date -s @(\d+)$/.exec(command)?.[1];
        if (set !== undefined) this.guest = Number(set) * 1000;
        return `${Math.floor(this.guest / 1000)}\n`;
      },
    });
  }

  get offMs(): number {
    return this.guest - this.host;
  }
}

describe('the guest’s clock', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('is kept in VMs alone: a host of somebody’s (the driver generic) has whoever keeps its clock', () => {
    const context = { stateDirectory: '/nowhere' };
    expect(hasOwnClock(qemuModule.create(context).capabilities)).to.equal(true);
    for (const module of [genericModule, noneModule])
      expect(hasOwnClock(module.create(context).capabilities)).to.equal(false);
  });

  it('is left alone while nothing happens, and looked at now and then', async () => {
    await world.live(59);
    expect(world.commands).to.deep.equal([]);
    world = new World();
    await world.live(700);
    expect(world.commands).to.deep.equal(['date +%s', 'date +%s']);
    expect(world.offMs).to.equal(0);
  });

  for (const [what, event] of [
    ['a sleep of this computer', (): void => void (world.host += 8 * 3_600_000)],
    ['its clock set forward', (): void => void (world.host += 3000)],
    ['its clock set back', (): void => void (world.host -= 3_600_000)],
  ] as const) {
    it(`is right a tick after ${what}`, async () => {
      world.events.set(5, event);
      await world.live(7);
      expect(world.commands).to.have.length(2);
      expect(Math.abs(world.offMs)).to.be.at.most(600);
      expect(world.log.join('')).to.contain("the guest's clock was set");
    });
  }

  it('isn’t set where only this process stood still', async () => {
    world.events.set(5, () => world.pass(60_000));
    await world.live(7);
    expect(world.commands).to.deep.equal(['date +%s']);
  });

  it('is set by the next look where it drifted, or was never right', async () => {
    world.guest -= 2500;
    await world.live(62);
    expect(Math.abs(world.offMs)).to.be.at.most(600);
  });

  it('is looked at once by an agent that was started anew: nobody watched before', async () => {
    world.atOnce = true;
    world.guest -= 3_600_000;
    await world.live(3);
    expect(Math.abs(world.offMs)).to.be.at.most(600);
  });

  it('is asked for again, ever more seldom, while the guest doesn’t answer, and said so once', async () => {
    world.answer = () => Promise.reject(new Error('no connection'));
    world.events.set(5, () => void (world.host += 60_000));
    world.events.set(50, () => (world.answer = undefined));
    await world.live(90);
    // Ticks 5, 6, 8, 12, 20 and 36, and then the one that is answered.
    expect(world.commands).to.have.length(8);
    expect(world.log.filter((line) => line.includes('could not be looked at'))).to.have.length(1);
    expect(Math.abs(world.offMs)).to.be.at.most(600);
    world = new World();
    world.answer = () => Promise.resolve('what?');
    world.events.set(2, () => void (world.host += 60_000));
    await world.live(4);
    expect(world.log[0]).to.contain('does not tell the time');
  });
});
