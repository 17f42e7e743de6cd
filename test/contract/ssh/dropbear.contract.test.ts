import { expect } from 'chai';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { systemExec } from '../../../src/platform/exec.ts';
import {
  dropbearPrivateKey,
  generateEd25519,
  openSshPrivateKey,
  publicKeyBlob,
  publicKeyLine,
} from '../../../src/ssh/keys.ts';
import { openSshSession, type SshSession } from '../../../src/ssh/session.ts';
import { dropbearArgv } from '../../helpers/ssh/dropbear-argv.ts';
import { startDropbear, type DropbearServer } from '../../helpers/ssh/dropbear-server.ts';

describe('ssh, against a real dropbear', () => {
  let dropbear: DropbearServer;
  let session: SshSession;
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-ssh-'));
    dropbear = await startDropbear();
    session = await openSshSession(dropbear.target);
  });
  after(async () => {
    session.close();
    await dropbear.stop();
    await rm(directory, { recursive: true });
  });

  it('makes a host key that dropbearkey reads, and a client key that ssh-keygen’s format is', async () => {
    const pair = generateEd25519();
    const file = join(directory, 'key');
    await writeFile(file, dropbearPrivateKey(pair));
    const shown = await systemExec.check([...(await dropbearArgv('dropbearkey')), '-y', '-f', file]);
    expect(shown.stdout).to.contain(publicKeyLine(pair, '').trim());
  });

  it('refuses a server with another host key', async () => {
    const target = { ...dropbear.target, hostKey: publicKeyBlob(generateEd25519()) };
    const error = await openSshSession(target).catch((error: unknown) => error);
    expect(error).to.have.property('code', 'HOST_KEY_MISMATCH');
  });

  it('says when its own key is refused', async () => {
    const target = { ...dropbear.target, privateKey: openSshPrivateKey(generateEd25519(), 'x') };
    const error = await openSshSession(target).catch((error: unknown) => error);
    expect(error).to.have.property('code', 'SSH_AUTH_FAILED');
  });

  it('says when nothing listens, and stops when told to', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const signal = AbortSignal.timeout(50);
    const aborted = await openSshSession({ ...dropbear.target, port, signal }).catch(
      (error: unknown) => error,
    );
    expect(aborted).to.equal(signal.reason);
    await new Promise((resolve) => server.close(resolve));
    const refused = await openSshSession({ ...dropbear.target, port }).catch((error: unknown) => error);
    expect(refused).to.have.property('code', 'SSH_CONNECT_FAILED');
  });

  it('runs a command: output apart, status kept, stdin closed by its end', async () => {
    const child = await session.exec({ command: 'cat; echo err >&2; exit 7' });
    child.stdin.end('in');
    const [out, err, exit] = await Promise.all([text(child.stdout), text(child.stderr), child.exited]);
    expect({ out, err, exit }).to.deep.equal({ out: 'in', err: 'err\n', exit: { kind: 'exited', code: 7 } });
  });

  it('loses no status of commands that end with their beginning', async () => {
    const exits = await Promise.all(
      Array.from({ length: 20 }, async (_, code) => {
        const child = await session.exec({ command: `exit ${code}` });
        child.stdout.resume();
        child.stdin.end();
        return child.exited;
      }),
    );
    expect(exits).to.deep.equal(exits.map((_, code) => ({ kind: 'exited', code })));
  });

  it('tells the signal that ended a command', async () => {
    const child = await session.exec({ command: 'kill -TERM $$' });
    child.stdout.resume();
    child.stdin.end();
    expect(await child.exited).to.deep.equal({ kind: 'signaled', signal: 'SIGTERM' });
  });

  it('gives a terminal, resizes it', async () => {
    const pty = { term: 'xterm', columns: 91, rows: 23 };
    const child = await session.exec({ command: 'stty size; read x; stty size', pty });
    const output = text(child.stdout);
    await once(child.stdout, 'readable');
    child.resize(80, 40);
    child.stdin.write('\n');
    expect((await output).match(/\d+ \d+/g)).to.deep.equal(['23 91', '40 80']);
    expect(await child.exited).to.deep.equal({ kind: 'exited', code: 0 });
  });

  describe('streams to a unix socket', () => {
    let echo: Server;
    let path: string;
    before(async () => {
      path = join(directory, 'echo.sock');
      // Answers only once the client has closed its half: what `docker attach` and `docker run -i` rely on.
      echo = createServer({ allowHalfOpen: true }, (socket) => {
        let length = 0;
        socket.on('data', (chunk: Buffer) => (length += chunk.length));
        socket.once('end', () => socket.end(`${length} bytes`));
      });
      echo.listen(path);
      await once(echo, 'listening');
    });
    after(() => new Promise((resolve) => echo.close(resolve)));

    it('keeps the other half open after one has ended', async () => {
      const stream = await session.openStreamLocal(path);
      stream.end('x'.repeat(300_000));
      expect(await text(stream)).to.equal('300000 bytes');
    });

    it('says which socket is missing', async () => {
      const error = await session.openStreamLocal(join(directory, 'none.sock')).then(
        (stream) => text(stream).then(() => undefined),
        (error: unknown) => error,
      );
      expect(error).to.have.property('code', 'SSH_CHANNEL_FAILED');
    });

    it('many at once over one connection', async () => {
      const before = dropbear.connections();
      const answers = Array.from({ length: 20 }, async (_, index) => {
        const stream = await session.openStreamLocal(path);
        stream.end('y'.repeat(index));
        return text(stream);
      });
      expect(await Promise.all(answers)).to.deep.equal(Array.from({ length: 20 }, (_, i) => `${i} bytes`));
      expect(dropbear.connections()).to.equal(before);
    });
  });

  describe('when the network fails', () => {
    it('notices that the connection has gone', async () => {
      const other = await openSshSession(dropbear.target);
      const child = await other.exec({ command: 'sleep 60' });
      child.stdout.resume();
      dropbear.dropConnections();
      await other.closed;
      expect(await child.exited).to.deep.equal({ kind: 'lost' });
      const error = await other.openStreamLocal('/x').catch((error: unknown) => error);
      expect(error).to.have.property('code', 'SSH_CHANNEL_FAILED');
    });
  });
});
