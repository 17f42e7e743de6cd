import { expect } from 'chai';
import {
  checkRestartPolicy,
  nextDelay,
  wantsRestart,
} from '../../../../../src/engine/containers/lifecycle/restart-policy.ts';
import { Restarts } from '../../../../../src/engine/containers/lifecycle/restarts.ts';
import type { ContainerRecord } from '../../../../../src/engine/containers/model.ts';
import type { ContainerEntry } from '../../../../../src/engine/containers/registry.ts';

const policy = (Name: string, MaximumRetryCount = 0) => ({ Name, MaximumRetryCount });

describe('restart policies', () => {
  it('refuse what moby refuses, in its words', () => {
    const refusals: [string, number, RegExp][] = [
      [
        'sometimes',
        0,
        /^invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or/,
      ],
      ['always', 3, /maximum retry count can only be used with 'on-failure'$/],
      ['no', -1, /can only be used with 'on-failure' and cannot be negative$/],
      ['on-failure', -1, /maximum retry count cannot be negative$/],
    ];
    for (const [name, retries, words] of refusals) {
      expect(() => checkRestartPolicy(policy(name, retries), false), name).to.throw(words);
    }
    expect(() => checkRestartPolicy(policy('always'), true)).to.throw(
      "can't create 'AutoRemove' container with restart policy",
    );
    expect(checkRestartPolicy(policy(''), true)).to.deep.equal(policy('no'));
  });

  it('say who is started again', () => {
    const cases: [string, number, number, number, boolean, boolean][] = [
      // policy, retries, exit code, restarts so far, stopped by somebody, again?
      ['no', 0, 1, 0, false, false],
      ['always', 0, 0, 9, true, true],
      ['unless-stopped', 0, 0, 0, false, true],
      ['unless-stopped', 0, 1, 0, true, false],
      ['on-failure', 0, 0, 0, false, false],
      ['on-failure', 0, 1, 99, false, true],
      ['on-failure', 2, 1, 1, false, true],
      ['on-failure', 2, 1, 2, false, false],
    ];
    for (const [name, retries, exitCode, restartCount, byUser, again] of cases) {
      const ending = { exitCode, restartCount, byUser };
      expect(wantsRestart(policy(name, retries), ending), `${name} ${JSON.stringify(ending)}`).to.equal(
        again,
      );
    }
  });

  it('wait 100 ms, then twice as long each time, at most a minute; ten seconds of running start that over', () => {
    const delays = [];
    for (let delay = nextDelay(0, 5); delays.length < 12; delay = nextDelay(delay, 5)) delays.push(delay);
    expect(delays).to.deep.equal([
      100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000,
    ]);
    expect(nextDelay(60_000, 10_000)).to.equal(100);
  });
});

describe('restarts', () => {
  const entry = (id: string, mode = 'bridge'): ContainerEntry =>
    ({ id, record: record(id, mode) }) as unknown as ContainerEntry;
  const record = (id: string, mode = 'bridge') =>
    ({
      id,
      hostConfig: { NetworkMode: mode, RestartPolicy: policy('always') },
    }) as unknown as ContainerRecord;

  it('are held until the engine answers; who shares a network comes after the others', async () => {
    const started: string[] = [];
    const restarts = new Restarts(async ({ id }) => void started.push(id));
    restarts.schedule(entry('b', 'container:a'), 100);
    restarts.schedule(entry('a'), 100);
    expect(started).to.deep.equal([]);
    await restarts.open();
    expect(started).to.deep.equal(['a', 'b']);
    restarts.close();
  });

  it('end when somebody stops the container, and begin anew when it is started', () => {
    const restarts = new Restarts(async () => undefined);
    expect([restarts.after(record('a'), 0, 0), restarts.after(record('a'), 0, 0)]).to.deep.equal([100, 200]);
    restarts.cancel('a');
    expect(restarts.after(record('a'), 0, 0)).to.equal(undefined);
    expect(restarts.isCancelled('a')).to.equal(true);
    restarts.forget('a');
    expect(restarts.after(record('a'), 0, 0)).to.equal(100);
    restarts.close();
    expect(restarts.after(record('b'), 1, 0)).to.equal(undefined);
  });
});
