import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { messageOf } from '../core/errors.ts';
import { listenLocal } from '../platform/local-socket.ts';
import {
  agentRequest,
  MAX_LINE_BYTES,
  type AgentResponse,
  type AgentStatus,
} from '../protocol/agent/control.ts';

export interface ControlServer {
  close(): Promise<void>;
}

/** Serves `agent.sock` (src/protocol/agent/control.ts). */
export async function serveControl(
  address: string,
  handlers: {
    /** With `look` the machine is looked at anew, which may fail; without, this is what was known. */
    readonly status: (look: boolean) => Promise<AgentStatus>;
    readonly stop: () => void;
  },
): Promise<ControlServer> {
  const clients = new Set<Socket>();
  const server = await listenLocal(address, (client) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
    client.on('error', () => client.destroy());
    client.once('end', () => client.end());
    client.on('data', () => {
      if (client.bytesRead > MAX_LINE_BYTES) client.destroy();
    });
    void converse(client);
  });

  async function converse(client: Socket): Promise<void> {
    try {
      for await (const line of createInterface({ input: client })) {
        const { response, afterwards } = await answer(line);
        client.write(`${JSON.stringify(response)}\n`, afterwards);
      }
    } catch (error) {
      client.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async function answer(line: string): Promise<{ response: AgentResponse; afterwards?: () => void }> {
    try {
      const { op } = agentRequest.parse(JSON.parse(line));
      const response: AgentResponse = { ok: true, status: await handlers.status(op !== 'stop') };
      return op === 'stop' ? { response, afterwards: handlers.stop } : { response };
    } catch (error) {
      return { response: { ok: false, message: messageOf(error) } };
    }
  }

  return {
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      // The clients' connections go last: they take it as the sign that the agent has.
      for (const client of clients) client.destroy();
      await closed;
    },
  };
}
