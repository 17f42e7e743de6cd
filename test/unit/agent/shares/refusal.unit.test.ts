import { expect } from 'chai';
import { duplexPair } from 'node:stream';
import { createInterface } from 'node:readline';
import { whyNoShares } from '../../../../src/agent/shares/refusal.ts';
import { shareHost } from '../../../../src/agent/shares/share-host.ts';
import { genericModule } from '../../../../src/drivers/generic/module.ts';
import { noneModule } from '../../../../src/drivers/none/module.ts';
import { qemuModule } from '../../../../src/drivers/qemu/module.ts';
import { createLog } from '../../../../src/platform/log.ts';
import { systemClock } from '../../../../src/platform/clock.ts';

describe('directories of this computer', () => {
  const context = { stateDirectory: '/nowhere' };

  it('are shared with VMs alone: root on somebody’s host could have the whole home', () => {
    expect(whyNoShares(qemuModule.create(context))).to.equal(undefined);
    for (const module of [genericModule, noneModule])
      expect(whyNoShares(module.create(context))).to.contain('shared with VMs alone');
  });

  it('are refused by name to another machine, which nothing is run in', async () => {
    const [engine, agent] = duplexPair();
    const end = new AbortController();
    const commands: string[] = [];
    void shareHost({
      machine: 'm',
      mounts: ['/'],
      closed: '/nowhere',
      refusal: whyNoShares(genericModule.create(context)),
      openSocket: () => Promise.resolve(agent),
      exec: (command) => {
        commands.push(command);
        return Promise.reject(new Error('not here'));
      },
      clock: systemClock,
      log: createLog(() => undefined),
      signal: end.signal,
    });
    engine.write('{"id":1,"op":"share","source":"/tmp","create":false}\n');
    const { value } = (await createInterface({ input: engine })[Symbol.asyncIterator]().next()) as {
      value: string;
    };
    end.abort();
    expect(JSON.parse(value)).to.include({ id: 1, ok: false, code: 'refused' });
    expect(value).to.contain('/tmp').and.to.contain('driver generic');
    expect(commands).to.deep.equal([]);
  });
});
