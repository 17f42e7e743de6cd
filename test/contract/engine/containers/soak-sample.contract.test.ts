import { expect } from 'chai';
import { randomInt } from 'node:crypto';
import { HELD_SCRIPT, leaked, parseHeld } from '../../../soak/containers/held.ts';
import { soakContainers } from '../../../soak/containers/soak.ts';
import { Client } from './client.ts';
import { Sandbox } from './sandbox.ts';

const COUNT = Number(process.env['SOAK_COUNT'] ?? 8);
const PARALLEL = 8;
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

  it('leave nothing behind', async () => {
    const tally = await soakContainers(
      {
        client: new Client(sandbox.socketPath),
        image: 'busybox',
        networks: ['none', 'bridge', 'host'],
        held: async () => parseHeld(await sandbox.run('sh', '-c', HELD_SCRIPT, 'sh', ...sandbox.places)),
      },
      { seed, count: COUNT, parallel: PARALLEL, tally: undefined },
    );
    expect(tally.failures).to.deep.equal([]);
    expect(tally.sittings.map(({ leaks }) => leaks)).to.deep.equal(['']);
    expect(tally.parallel).to.deep.include({ running: PARALLEL, failures: [] });
  });

  it('would be told of what they leave', async () => {
    const held = async () => parseHeld(await sandbox.run('sh', '-c', HELD_SCRIPT, 'sh', ...sandbox.places));
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
