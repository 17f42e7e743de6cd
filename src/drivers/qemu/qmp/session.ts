import { connectOnce, type LocalEndpoint } from '../endpoint.ts';
import { openQmp, type QmpClient, type QmpEvent } from './client.ts';

/** Connects, negotiates, runs `work`, closes. Rejects with the connection's system error, or `QMP_*`. */
export async function withQmp<T>(
  endpoint: LocalEndpoint,
  signal: AbortSignal,
  work: (qmp: QmpClient) => Promise<T>,
  onEvent?: (event: QmpEvent) => void,
): Promise<T> {
  const qmp = await openQmp(await connectOnce(endpoint, signal), signal, onEvent);
  const abort = (): void => qmp.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await work(qmp);
  } finally {
    signal.removeEventListener('abort', abort);
    qmp.close();
  }
}
