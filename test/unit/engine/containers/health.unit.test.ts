import { expect } from 'chai';
import { goDuration } from '../../../../src/core/duration.ts';
import { HealthChecks } from '../../../../src/engine/containers/health/checks.ts';
import type { ProbeOutcome } from '../../../../src/engine/containers/health/checks.ts';
import { checkOf, mergeHealthcheck } from '../../../../src/engine/containers/health/config.ts';
import { healthAfter, startingHealth } from '../../../../src/engine/containers/health/state.ts';
import type { ContainerEntry } from '../../../../src/engine/containers/registry.ts';

const SECOND = 1e9;
const nothing = { Test: [], Interval: 0, Timeout: 0, StartPeriod: 0, StartInterval: 0, Retries: 0 };
const every = (fields: object) => ({ ...nothing, Test: ['CMD', 'check'], ...fields });
const result = (ExitCode: number) => ({ Start: '', End: '', ExitCode, Output: '' });

describe('a health check', () => {
  it("has moby's defaults, and a shell of its own for one string", () => {
    expect(checkOf(every({}), [])).to.deep.equal({
      argv: ['check'],
      interval: 30_000,
      timeout: 30_000,
      startPeriod: 0,
      startInterval: 5000,
      retries: 3,
    });
    const shell = { ...nothing, Test: ['CMD-SHELL', 'a && b'] };
    expect(checkOf(shell, [])?.argv).to.deep.equal(['/bin/sh', '-c', 'a && b']);
    expect(checkOf(shell, ['/bin/ash', '-ec'])?.argv).to.deep.equal(['/bin/ash', '-ec', 'a && b']);
    for (const Test of [[], ['NONE'], ['CMD'], ['WHAT', 'x']]) {
      expect(checkOf({ ...nothing, Test }, []), Test.join()).to.equal(undefined);
    }
    expect(checkOf(null, [])).to.equal(undefined);
  });

  it("is the image's where the user said nothing, field by field", () => {
    const image = { Test: ['CMD', 'image'], Interval: 7 * SECOND, Retries: 4 };
    expect(mergeHealthcheck(null, image)).to.deep.equal({ ...nothing, ...image });
    expect(mergeHealthcheck({ ...nothing, Retries: 9 }, image)).to.deep.equal({
      ...nothing,
      ...image,
      Retries: 9,
    });
    expect(mergeHealthcheck({ ...nothing, Test: ['NONE'] }, image)?.Test).to.deep.equal(['NONE']);
    expect(mergeHealthcheck(null, undefined)).to.equal(null);
  });

  it('turns unhealthy after as many failures in a row as it may have, healthy at once; five results are kept', () => {
    const check = checkOf(every({ Retries: 2 }), []);
    if (check === undefined) throw new Error('no check');
    let health = startingHealth(undefined);
    const seen = [1, 0, 1, 1, 1, 0, -1].map((exitCode) => {
      health = healthAfter(health, result(exitCode), check, 0);
      return `${health.Status} ${health.FailingStreak}`;
    });
    expect(seen).to.deep.equal([
      'starting 1',
      'healthy 0',
      'healthy 1',
      'unhealthy 2',
      'unhealthy 3',
      'healthy 0',
      'healthy 1',
    ]);
    expect(health.Log.map(({ ExitCode }) => ExitCode)).to.deep.equal([1, 1, 1, 0, -1]);
    expect(startingHealth(health)).to.include({ Status: 'starting', FailingStreak: 0 });
  });

  it('may fail while the container starts, until its first success', () => {
    const check = checkOf(every({ Retries: 1, StartPeriod: 10 * SECOND }), []);
    if (check === undefined) throw new Error('no check');
    const young = healthAfter(startingHealth(undefined), result(1), check, 9000);
    expect(young).to.include({ Status: 'starting', FailingStreak: 0 });
    expect(healthAfter(young, result(1), check, 10_000).Status).to.equal('unhealthy');
    const healthy = healthAfter(young, result(0), check, 9000);
    expect(healthAfter(healthy, result(1), check, 9500).Status).to.equal('unhealthy');
  });

  it('prints durations as Go does', () => {
    expect([500e6, 1e9, 30e9, 90e9, 1.5e9, 3661e9].map(goDuration)).to.deep.equal([
      '500ms',
      '1s',
      '30s',
      '1m30s',
      '1.5s',
      '1h1m1s',
    ]);
  });
});

/** A clock that is moved by hand. */
class Clock {
  now = Date.parse('2026-11-21T12:00:00Z');
  timers: { at: number; action: () => void }[] = [];

  readonly after = (milliseconds: number, action: () => void): (() => void) => {
    const timer = { at: this.now + milliseconds, action };
    this.timers.push(timer);
    return () => (this.timers = this.timers.filter((other) => other !== timer));
  };

  /** To the next timer. @returns milliseconds that passed */
  async tick(): Promise<number> {
    const [timer] = this.timers.splice(0, 1);
    if (timer === undefined) throw new Error('no timer');
    const passed = timer.at - this.now;
    this.now = timer.at;
    timer.action();
    await new Promise((resolve) => setImmediate(resolve));
    return passed;
  }
}

describe('health checks', () => {
  const makeEntry = (fields: object, clock: Clock) => {
    const state = { status: 'running', paused: false, startedAt: new Date(clock.now).toISOString() };
    const record = { id: 'a', config: { Healthcheck: every(fields), Shell: [] }, state };
    return { id: 'a', record, state } as unknown as ContainerEntry;
  };

  it('run one at a time, in their intervals, as long as the container does', async () => {
    const clock = new Clock();
    const outcomes: ProbeOutcome[] = [1, 1, 0, 0].map((exitCode) => ({ exitCode, output: `o${exitCode}` }));
    let failed = 0;
    const changes: string[] = [];
    const checks = new HealthChecks({
      now: () => clock.now,
      after: clock.after,
      probe: async () => {
        const outcome = outcomes.shift();
        if (outcome !== undefined) return outcome;
        failed += 1;
        throw new Error('no such thing');
      },
      changed: ({ record }) => void changes.push(record.health?.Status ?? ''),
    });
    const entry = makeEntry(
      { StartPeriod: 3 * SECOND, StartInterval: SECOND, Interval: 60 * SECOND, Retries: 1 },
      clock,
    );
    checks.begin(entry);
    expect(entry.record.health?.Status).to.equal('starting');
    const passed = [];
    for (let round = 0; round < 5; round += 1) passed.push(await clock.tick());
    expect(passed).to.deep.equal([1000, 1000, 1000, 60_000, 60_000]);
    expect(changes).to.deep.equal(['healthy', 'unhealthy']);
    expect(failed).to.equal(1);
    expect(entry.record.health?.Log.at(-1)).to.deep.equal({
      Start: '2026-11-21T12:02:03.000000000Z',
      End: '2026-11-21T12:02:03.000000000Z',
      ExitCode: -1,
      Output: 'no such thing',
    });
    checks.end(entry);
    expect(entry.record.health?.Status).to.equal('unhealthy');
    expect(clock.timers).to.deep.equal([]);
  });

  it('forget a result that comes when the container has ended, and leave a paused one alone', async () => {
    const clock = new Clock();
    const gate = Promise.withResolvers<ProbeOutcome>();
    let probes = 0;
    const signals: AbortSignal[] = [];
    const checks = new HealthChecks({
      now: () => clock.now,
      after: clock.after,
      probe: async (_entry, _check, signal) => {
        probes += 1;
        signals.push(signal);
        return await gate.promise;
      },
      changed: () => {
        throw new Error('nothing has changed');
      },
    });
    const entry = makeEntry({}, clock);
    checks.begin(entry);
    Object.assign(entry.state, { paused: true });
    await clock.tick();
    expect(probes).to.equal(0);
    Object.assign(entry.state, { paused: false });
    await clock.tick();
    expect([probes, clock.timers.length]).to.deep.equal([1, 0]);
    checks.end(entry);
    expect(signals[0]?.aborted).to.equal(true);
    gate.resolve({ exitCode: 0, output: '' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(entry.record.health?.Log).to.deep.equal([]);
    expect(clock.timers).to.deep.equal([]);
  });
});
