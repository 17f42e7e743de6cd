import { expect } from 'chai';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { repeatChange } from '../../../src/engine/shares/repeat.ts';
import { ShareLink } from '../../../src/engine/shares/share-link.ts';
import type { HostChange } from '../../../src/protocol/agent/shares.ts';

type Said = { readonly id: number; readonly op: string; readonly source?: string; readonly create?: boolean };

describe("the engine's way to the computer's directories", () => {
  let scratch: string;
  let socketPath: string;
  let link: ShareLink;
  let inUse: string[];
  let repeated: HostChange[];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-share-link-'));
    socketPath = join(scratch, 'shares.sock');
    inUse = [];
    repeated = [];
    link = new ShareLink({
      socketPath,
      inUse: () => inUse,
      repeat: async (change) => void repeated.push(change),
      onBackgroundError: (error) => {
        throw error;
      },
      patienceMs: 5000,
    });
    await link.listen();
  });
  afterEach(() => {
    link.stop();
    for (const socket of sockets.splice(0)) socket.destroy();
    rmSync(scratch, { recursive: true });
  });

  /** Answers whatever is asked; undefined: goes instead. */
  async function agent(
    answer: (said: Said) => object | undefined,
  ): Promise<{ socket: Socket; heard: Said[] }> {
    const socket = connect(socketPath);
    sockets.push(socket);
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    const heard: Said[] = [];
    createInterface({ input: socket })
      .on('error', () => undefined)
      .on('line', (line) => {
        const said = JSON.parse(line) as Said;
        heard.push(said);
        const told = answer(said);
        if (told === undefined) socket.destroy();
        else socket.write(`${JSON.stringify({ id: said.id, ...told })}\n`);
      });
    return { socket, heard };
  }
  const yes = (said: Said) => ({ ok: true, path: `/run/wherry/shares/k${said.source}`, writable: false });

  it('is its own alone, and waits for an agent', async () => {
    expect(statSync(socketPath).mode & 0o777).to.equal(0o600);
    const asked = link.share('/home/u', true);
    const { heard } = await agent(yes);
    expect(await asked).to.deep.equal({ path: '/run/wherry/shares/k/home/u', writable: false });
    expect(heard).to.deep.equal([{ id: 1, op: 'share', source: '/home/u', create: true }]);
    expect(link.placeOf('/home/u')).to.equal('/run/wherry/shares/k/home/u');
    expect(link.placeOf('/other')).to.equal(undefined);
  });

  it('asks the next agent where one goes before it answers', async () => {
    await agent(() => undefined);
    const asked = link.share('/home/u', false);
    await agent(yes);
    expect((await asked).writable).to.equal(false);
  });

  it('says what the agent says', async () => {
    const fail = async (code: string) => {
      await agent(() => ({ ok: false, code, message: 'not this one' }));
      return link.share('/x', false).catch((error: unknown) => error);
    };
    expect(await fail('refused')).to.include({ kind: 'invalidParameter', message: 'not this one' });
    expect(await fail('failed')).to.include({ kind: 'system', message: 'not this one' });
  });

  it('gives up where no agent comes', async () => {
    const impatient = new ShareLink({
      socketPath: join(scratch, 'other.sock'),
      inUse: () => [],
      repeat: async () => undefined,
      onBackgroundError: () => undefined,
      patienceMs: 1,
    });
    const error: unknown = await impatient.share('/x', false).catch((caught: unknown) => caught);
    expect(error).to.include({ kind: 'unavailable' });
    expect((error as Error).message).to.match(/"\/x" can't be mounted/);
  });

  it('asks an agent that comes for what is in use', async () => {
    inUse = ['/a', '/b', '/a'];
    const { socket, heard } = await agent(yes);
    while (heard.length < 2) await once(socket, 'data');
    expect(heard.map(({ source, create }) => [source, create])).to.deep.equal([
      ['/a', false],
      ['/b', false],
    ]);
  });

  it("repeats the computer's changes, and says when", async () => {
    const { socket, heard } = await agent(yes);
    const change = { kind: 'touched', path: '/run/wherry/shares/k/a' };
    socket.write(`${JSON.stringify({ id: 7, op: 'repeat', change })}\n`);
    while (heard.length < 1) await once(socket, 'data');
    expect(heard).to.deep.equal([{ id: 7, op: 'repeated' }]);
    expect(repeated).to.deep.equal([change]);
  });

  it('repeats nothing outside of the shares, and is content with what is gone', async () => {
    const outside = await repeatChange({ kind: 'removed', path: '/etc/passwd', type: 'file' }).catch(
      (error: unknown) => error,
    );
    expect(outside).to.include({ kind: 'invalidParameter' });
    const to = await repeatChange({ kind: 'moved', path: '/run/wherry/shares/a', to: '/etc/x' }).catch(
      (error: unknown) => error,
    );
    expect(to).to.include({ kind: 'invalidParameter' });
    await repeatChange({ kind: 'written', path: '/run/wherry/shares/none/a' });
  });
});
