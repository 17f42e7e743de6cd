import { expect } from 'chai';
import { setTimeout as later } from 'node:timers/promises';
import type { Health } from '../../../../src/engine/containers/health/state.ts';
import { eventually } from '../../../helpers/eventually.ts';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

const MILLISECOND = 1e6;

/** Health checks with the real conmon and crun. Linux, as root. */
describe('containers and their health', () => {
  let sandbox: Sandbox;
  let client: Client;

  before(async () => {
    ({ sandbox, client } = await engineInSandbox());
  });
  after(async () => sandbox?.close());

  const start = async (script: string, healthcheck: object): Promise<string> => {
    const id = await client.create({
      Cmd: ['sh', '-c', script],
      Healthcheck: healthcheck,
      HostConfig: { NetworkMode: 'none' },
    });
    expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(204);
    return id;
  };
  const healthOf = async (id: string): Promise<Health> => {
    const { json } = await client.call('GET', `/containers/${id}/json`);
    return (json['State'] as { Health: Health }).Health;
  };
  const until = async (id: string, holds: (health: Health) => boolean): Promise<Health> => {
    for (;;) {
      const health = await healthOf(id);
      if (holds(health)) return health;
      await later(30);
    }
  };
  const listed = async (filter: string): Promise<string[]> => {
    const filters = JSON.stringify({ health: [filter] });
    const { json } = await client.call('GET', `/containers/json?filters=${encodeURIComponent(filters)}`);
    return (json as unknown as { Status: string }[]).map(({ Status }) => Status);
  };
  const remove = async (id: string): Promise<void> => {
    expect((await client.call('DELETE', `/containers/${id}?force=1`)).status).to.equal(204);
  };

  it('go from starting to healthy to unhealthy and back; events, ps and its filter say so; the next engine goes on', async () => {
    const id = await start('sleep 1000', {
      Test: ['CMD-SHELL', 'echo checked; test ! -e /ill'],
      Interval: 100 * MILLISECOND,
      Retries: 2,
    });
    expect((await healthOf(id)).Status).to.equal('starting');
    expect(await listed('starting')).to.have.length(1);
    const healthy = await until(id, ({ Status }) => Status === 'healthy');
    expect(healthy.Log[0]).to.include({ ExitCode: 0, Output: 'checked\n' });
    expect((await listed('healthy')).join()).to.match(/^Up .* \(healthy\)$/);
    expect(await listed('none')).to.deep.equal([]);
    await client.exec(id, ['sh', '-c', 'echo > /ill']);
    expect((await until(id, ({ Status }) => Status === 'unhealthy')).FailingStreak).to.equal(2);
    const { json } = await client.call('GET', '/test/events');
    const events = json as unknown as { Action: string; Actor: { ID: string } }[];
    const told = events.map(({ Action }) => Action).filter((action) => action.startsWith('health_status'));
    expect(told).to.deep.equal(['health_status: healthy', 'health_status: unhealthy']);
    await sandbox.killEngine();
    await sandbox.startEngine();
    expect((await healthOf(id)).Status).to.equal('unhealthy');
    await client.exec(id, ['rm', '/ill']);
    await until(id, ({ Status, Log }) => Status === 'healthy' && Log.length === 5);
    await client.call('POST', `/containers/${id}/stop?t=0`);
    expect((await healthOf(id)).Status).to.equal('unhealthy');
    await remove(id);
  });

  it('a check that takes too long is killed with all it has started; long output is cut', async () => {
    const id = await start('sleep 1000', {
      Test: ['CMD-SHELL', 'seq 2000; sleep 4321 | cat'],
      Interval: 50 * MILLISECOND,
      Timeout: 500 * MILLISECOND,
      Retries: 1,
    });
    const { Log } = await until(id, ({ Status }) => Status === 'unhealthy');
    expect(Log[0]?.ExitCode).to.equal(-1);
    expect(Log[0]?.Output).to.match(/^Health check exceeded timeout \(500ms\): 1\n2\n[^]*\.\.\.$/);
    expect(Log[0]?.Output.length).to.be.within(4096, 4200);
    await client.call('POST', `/containers/${id}/pause`);
    // The check that ran when the container was paused is killed in its turn; no further one begins.
    await eventually(
      () => sandbox.run('sh', '-c', 'ps ax | grep -c "[s]leep 4321" || true'),
      (count) => count === '0\n',
      'nothing is left of a check',
    );
    await client.call('POST', `/containers/${id}/unpause`);
    await remove(id);
  });

  it("the image's check counts, unless it is switched off", async () => {
    const configOf = async (config: object): Promise<unknown> => {
      const id = await client.create({ Image: 'wishes', Cmd: ['true'], ...config });
      const { json } = await client.call('GET', `/containers/${id}/json`);
      await remove(id);
      return (json['Config'] as Record<string, unknown>)['Healthcheck'];
    };
    expect(await configOf({})).to.deep.equal({ Test: ['CMD', 'true'] });
    expect(await configOf({ Healthcheck: { Retries: 7 } })).to.deep.equal({
      Test: ['CMD', 'true'],
      Retries: 7,
    });
    expect(await configOf({ Healthcheck: { Test: ['NONE'] } })).to.deep.equal({ Test: ['NONE'] });
  });
});
