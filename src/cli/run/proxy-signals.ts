import type { Duplex } from 'node:stream';
import { apiPath } from '../engine-client/api-path.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import { takeSignals } from '../signals.ts';

/** docker's --sig-proxy: signals go to the container while its stream is open. @returns gives them back */
export function proxySignals(engine: EngineClient, id: string, stream: Duplex): () => void {
  return takeSignals((signal) => {
    engine.json('POST', apiPath`/containers/${id}/kill`, { query: { signal } }).catch((error: unknown) => {
      // The container may have ended between the signal and its delivery; a lost connection ends the session.
      if (!(error instanceof EngineAnswerError)) stream.destroy(error instanceof Error ? error : undefined);
    });
  });
}
