import { Client } from './client.ts';
import { Sandbox } from './sandbox.ts';

/** An engine that answers, in a sandbox of its own that the caller closes. */
export async function engineInSandbox(): Promise<{ readonly sandbox: Sandbox; readonly client: Client }> {
  const sandbox = await Sandbox.open();
  try {
    await sandbox.startEngine();
  } catch (error) {
    await sandbox.close();
    throw error;
  }
  return { sandbox, client: new Client(sandbox.socketPath) };
}
