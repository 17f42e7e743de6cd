import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { AttachHub } from '../../../../src/engine/containers/streams/attach-hub.ts';
import { connectStreams } from '../../../../src/engine/containers/streams/connect-streams.ts';

const LATE_CONMON = fileURLToPath(new URL('late-conmon.ts', import.meta.url));

/** Linux. */
describe('the connection to a container that is about to run', () => {
  let directory: string;
  let conmon: ChildProcess;
  let hub: AttachHub;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-late-'));
    conmon = spawn(process.execPath, [LATE_CONMON, directory], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(conmon.stdout as NonNullable<typeof conmon.stdout>, 'data');
    hub = new AttachHub({ tty: false, stdinOnce: true });
  });
  afterEach(async () => {
    hub.close();
    conmon.kill('SIGKILL');
    await rm(directory, { recursive: true });
  });

  it('is there when conmon has accepted it, and not when it has been made', async () => {
    const accepted = (await connectStreams(hub, directory))().then(() => 'accepted');
    const waited = await Promise.race([accepted, delay(100, 'waits')]);
    expect([hub.connected, waited]).to.deep.equal([true, 'waits']);
    conmon.stdin?.write('accept\n');
    expect(await accepted).to.equal('accepted');
  });

  it('is not waited for once conmon is gone', async () => {
    const accepted = (await connectStreams(hub, directory))();
    conmon.kill('SIGKILL');
    await accepted;
  });
});
