import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

const MEBIBYTES = 64;
/** V8 lets 64 MiB of buffers become garbage before it collects them; with them this is for 1 GiB what it is for 64 MiB. */
const GROWTH_MIB = 80;

describe('clients that stop reading', function () {
  this.timeout(120_000);
  let sandbox: Sandbox;
  let client: Client;

  before(async () => ({ sandbox, client } = await engineInSandbox()));
  after(async () => sandbox?.close());

  /** Sends a request and reads nothing of the answer. */
  const stalled = async (request: string): Promise<Socket> => {
    const socket = connect({ path: sandbox.socketPath });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.pause();
    socket.write(`${request} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
    return socket;
  };

  it(`keep neither the container from writing ${MEBIBYTES} MiB nor others from reading them; the engine stays small`, async () => {
    const script = `dd if=/dev/zero bs=1M count=${MEBIBYTES} 2>/dev/null; echo; cat; echo end`;
    const id = await client.create({
      Cmd: ['sh', '-c', script],
      // The input ends with the client whose it is, also where that one is dropped.
      OpenStdin: true,
      StdinOnce: true,
      HostConfig: { NetworkMode: 'none' },
    });
    const deaf = [
      await stalled(`POST /containers/${id}/attach?stream=1&stdout=1&stdin=1`),
      await stalled(`POST /containers/${id}/attach?stream=1&stdout=1`),
    ];
    const good = await client.hijack(`/containers/${id}/attach?stream=1&stdout=1`);
    const waiting = await client.waitFor(id, 'next-exit');
    const before = await sandbox.engineMemory();
    expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(204);
    deaf.push(await stalled(`GET /containers/${id}/logs?follow=1&stdout=1`));
    let highest = 0;
    const watch = setInterval(() => {
      void sandbox.engineMemory().then((now) => (highest = Math.max(highest, now)));
    }, 250);
    try {
      expect(await waiting.end).to.equal(0);
      const { stdout } = await good.output;
      expect(stdout).to.have.length(MEBIBYTES * 1024 * 1024 + '\nend\n'.length);
      expect(stdout.endsWith('\nend\n')).to.equal(true);
    } finally {
      clearInterval(watch);
    }
    expect(highest - before, `MiB more than ${before}`).to.be.below(GROWTH_MIB);
    for (const socket of deaf) socket.destroy();
    expect((await client.call('DELETE', `/containers/${id}`)).status).to.equal(204);
  });
});
