import { expect } from 'chai';
import { setTimeout as later } from 'node:timers/promises';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

interface Inspected {
  readonly RestartCount: number;
  readonly State: Readonly<Record<string, unknown>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
}

/** Restart policies with the real conmon and crun. Linux, as root. */
describe('containers and their restart policies', () => {
  let sandbox: Sandbox;
  let client: Client;

  before(async () => {
    ({ sandbox, client } = await engineInSandbox());
  });
  after(async () => sandbox?.close());

  const inspect = async (id: string): Promise<Inspected> =>
    (await client.call('GET', `/containers/${id}/json`)).json as unknown as Inspected;
  const post = async (path: string, body?: unknown) => client.call('POST', path, body);
  const start = async (script: string, policy: object): Promise<string> => {
    const id = await client.create({
      Cmd: ['sh', '-c', script],
      HostConfig: { NetworkMode: 'none', RestartPolicy: policy },
    });
    expect((await post(`/containers/${id}/start`)).status).to.equal(204);
    return id;
  };
  /** Runs until SIGTERM, then ends with `code`; back once it hears that. */
  const startListener = async (code: number, policy: object): Promise<string> => {
    const id = await start(`trap "exit ${code}" TERM; echo > /up; while :; do sleep 0.05; done`, policy);
    while ((await client.exec(id, ['cat', '/up'])).code !== 0) await later(20);
    return id;
  };
  /** Asks until it is so. */
  const until = async (id: string, holds: (what: Inspected) => boolean): Promise<Inspected> => {
    for (;;) {
      const found = await inspect(id);
      if (holds(found)) return found;
      await later(20);
    }
  };
  const actions = async (id: string): Promise<string[]> => {
    const { json } = await client.call('GET', '/test/events');
    const events = json as unknown as { Action: string; Actor: { ID: string } }[];
    return events.filter(({ Actor }) => Actor.ID === id).map(({ Action }) => Action);
  };
  const remove = async (id: string): Promise<void> => {
    expect((await client.call('DELETE', `/containers/${id}?force=1`)).status).to.equal(204);
  };

  it('on-failure:2 runs three times, and says so', async () => {
    const id = await start('exit 3', { Name: 'on-failure', MaximumRetryCount: 2 });
    const { State, RestartCount } = await until(id, ({ State: { Status } }) => Status === 'exited');
    expect(RestartCount).to.equal(2);
    expect(State['ExitCode']).to.equal(3);
    // The last one comes when the end has been written down.
    while ((await actions(id)).length < 7) await later(20);
    expect(await actions(id)).to.deep.equal(['create', 'start', 'die', 'start', 'die', 'start', 'die']);
    await remove(id);
  });

  it('between two runs a container is restarting: up, not to be removed or entered, and stopped by a stop', async () => {
    const id = await start('exit 1', { Name: 'always' });
    // By the fifth run the waits are long enough to look.
    await until(id, ({ RestartCount, State }) => RestartCount >= 5 && State['Restarting'] === true);
    const { State } = await inspect(id);
    expect(State).to.include({ Status: 'restarting', Running: true, Restarting: true, Pid: 0, ExitCode: 1 });
    const listed = (await client.call('GET', '/containers/json')).json as unknown as Record<string, string>[];
    expect(listed.map(({ Status }) => Status).join()).to.match(/^Restarting \(1\) .* ago$/);
    const refusals = [
      await client.call('DELETE', `/containers/${id}`),
      await post(`/containers/${id}/exec`, { Cmd: ['true'] }),
      await post(`/containers/${id}/pause`),
    ];
    expect(refusals.map(({ status }) => status)).to.deep.equal([409, 409, 409]);
    expect(refusals.map(({ text }) => text).join()).to.match(
      /container is restarting: stop[^]*is restarting, wait/,
    );
    expect((await post(`/containers/${id}/start`)).status).to.equal(304);
    const waiting = await client.waitFor(id, 'not-running');
    expect((await post(`/containers/${id}/stop`)).status).to.equal(204);
    expect(await waiting.end).to.equal(1);
    expect((await inspect(id)).State).to.include({ Status: 'exited', Running: false });
    const runs = (await actions(id)).filter((action) => action === 'start').length;
    await post(`/containers/${id}/start`);
    await until(id, ({ State: { Status } }) => Status === 'restarting');
    await remove(id);
    expect((await client.call('GET', `/containers/${id}/json`)).status).to.equal(404);
    await later(300);
    expect((await actions(id)).filter((action) => action === 'start').length).to.equal(runs + 1);
  });

  it('who stops or kills a container means it; restart and start begin anew', async () => {
    for (const verb of ['stop?t=0', 'kill', 'kill?signal=TERM']) {
      const id = await startListener(0, { Name: 'always' });
      const { end } = await client.waitFor(id, 'next-exit');
      await post(`/containers/${id}/${verb}`);
      await end;
      await later(150);
      expect((await inspect(id)).State['Status'], verb).to.equal('exited');
      if (verb === 'kill') {
        await post(`/containers/${id}/restart?t=0`);
        expect(await inspect(id)).to.nested.include({ 'State.Status': 'running', RestartCount: 0 });
      }
      await remove(id);
    }
  });

  it('a policy can be changed while it runs', async () => {
    const id = await start('while [ ! -e /go ]; do sleep 0.05; done; exit 1', { Name: 'no' });
    expect(
      await post(`/containers/${id}/update`, { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } }),
    ).to.include({ status: 200, text: '{"Warnings":null}\n' });
    const refused = await post(`/containers/${id}/update`, { CpuPercent: 5 });
    expect([refused.status, refused.json['message']]).to.deep.equal([
      501,
      'UpdateConfig.CpuPercent is not implemented yet',
    ]);
    await client.exec(id, ['sh', '-c', 'echo > /go']);
    const { RestartCount, HostConfig } = await until(id, ({ State: { Status } }) => Status === 'exited');
    expect(RestartCount).to.equal(1);
    expect(HostConfig['RestartPolicy']).to.deep.equal({ Name: 'on-failure', MaximumRetryCount: 1 });
    await remove(id);
    const temporary = await client.create({ HostConfig: { AutoRemove: true } });
    const conflict = await post(`/containers/${temporary}/update`, { RestartPolicy: { Name: 'always' } });
    expect(conflict.status).to.equal(409);
    expect(conflict.text).to.include('Restart policy cannot be updated because AutoRemove is enabled');
    await remove(temporary);
  });

  it('restart keeps a container that is removed when it ends', async () => {
    const id = await client.create({
      Cmd: ['sleep', '100'],
      HostConfig: { NetworkMode: 'none', AutoRemove: true },
    });
    await post(`/containers/${id}/start`);
    expect((await post(`/containers/${id}/restart?t=0`)).status).to.equal(204);
    expect((await inspect(id)).State['Running']).to.equal(true);
    const { end } = await client.waitFor(id, 'removed');
    await post(`/containers/${id}/stop?t=0`);
    await end;
    expect((await client.call('GET', `/containers/${id}/json`)).status).to.equal(404);
  });

  it('the next engine restarts what ended without it, and what was stopped only if it is to run always', async () => {
    const policies = ['always', 'unless-stopped', 'on-failure', 'no'];
    const ended = await Promise.all(policies.map((Name) => startListener(9, { Name })));
    const stopped = await Promise.all(policies.map((Name) => startListener(9, { Name })));
    const lives = await startListener(9, { Name: 'always' });
    await Promise.all(stopped.map((id) => post(`/containers/${id}/stop?t=5`)));
    const pids = await Promise.all(ended.map(async (id) => (await inspect(id)).State['Pid']));
    const before = (await inspect(lives)).State['Pid'];
    await sandbox.killEngine();
    for (const pid of pids) await sandbox.run('kill', '-TERM', String(pid));
    await sandbox.startEngine();
    const running = async (ids: readonly string[]) =>
      Promise.all(ids.map(async (id) => (await inspect(id)).State['Status'] === 'running'));
    expect(await running(ended)).to.deep.equal([true, true, true, false]);
    // Nobody saw on-failure's exit code but conmon: 9.
    expect((await inspect(ended[3] ?? '')).State['ExitCode']).to.equal(9);
    expect(await running(stopped)).to.deep.equal([true, false, true, false]);
    expect((await inspect(lives)).State['Pid']).to.equal(before);
    for (const id of [...ended, ...stopped, lives]) await remove(id);
  });
});
