import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { HELD_SCRIPT, leaked, parseHeld, type Held } from '../../../soak/containers/held.ts';
import { soakContainers } from '../../../soak/containers/soak.ts';
import { startSleeper, work } from '../../../soak/containers/work.ts';
import { Client } from './client.ts';
import { Sandbox } from './sandbox.ts';

const COUNT = Number(process.env['SOAK_COUNT'] ?? 2);
const PARALLEL = 3;
/** `SOAK_SEED=…` repeats a run. */
const seed = Number(process.env['SOAK_SEED'] ?? randomInt(1_000_000));

/** What `npm run soak -- containers` does in a machine, with the real conmon and crun. Linux, as root. */
describe(`execs and containers in a row (SOAK_SEED=${seed})`, function () {
  this.timeout(60_000 + COUNT * 2000);
  let sandbox: Sandbox;

  before(async () => {
    sandbox = await Sandbox.open();
    await sandbox.startEngine();
  });
  after(async () => {
    await sandbox?.close();
  });

  const held = async (): Promise<Held> =>
    parseHeld(await sandbox.run('sh', '-c', HELD_SCRIPT, 'sh', ...sandbox.places));

  it('leave nothing behind', async () => {
    const tally = await soakContainers(
      {
        client: new Client(sandbox.socketPath),
        image: 'busybox',
        networks: ['none', 'bridge', 'host'],
        held,
      },
      { seed, count: COUNT, parallel: PARALLEL, tally: undefined },
    );
    expect(tally.failures).to.deep.equal([]);
    expect(tally.sittings.map(({ leaks }) => leaks)).to.deep.equal(['']);
    expect(tally.parallel).to.deep.include({ running: PARALLEL, failures: [] });
  });

  it('leave no object in the memory of the engine', async () => {
    const client = new Client(sandbox.socketPath);
    const subject = { client, image: 'busybox', networks: ['none'], held };
    const objects = async () => (await client.call('GET', '/test/objects')).json as Record<string, number>;
    const sleeper = await startSleeper(subject);
    const some = async () => {
      for (let index = 1; index <= 4; index += 1) {
        await work(subject, sleeper, seed, index);
        await client.exec(sleeper, ['true']);
      }
    };
    await some();
    const before = await objects();
    expect(before).to.have.keys('emitters', 'hubs');
    await some();
    // Connections close and processes end a moment after their last answer.
    const deadline = Date.now() + 10_000;
    let after = await objects();
    const more = () => Object.keys(after).filter((kind) => (after[kind] ?? 0) > (before[kind] ?? 0));
    while (more().length > 0 && Date.now() < deadline) after = await objects();
    expect(more(), JSON.stringify({ before, after })).to.deep.equal([]);
    await client.call('DELETE', `/containers/${sleeper}?force=1`);
  });

  it('would be told of what they leave', async () => {
    const before = await held();
    for (const name of ['fds', 'mounts', 'files', 'engineKiB']) expect(before[name]).to.be.above(0);
    const client = new Client(sandbox.socketPath);
    const id = await client.create({ Cmd: ['sleep', '100'], HostConfig: { NetworkMode: 'none' } });
    await client.call('POST', `/containers/${id}/start`);
    const report = leaked(before, await held());
    for (const name of ['mounts', 'namespaces', 'cgroups', 'files', 'monitors'])
      expect(report).to.include(name);
    await client.call('DELETE', `/containers/${id}?force=1`);
  });
});
