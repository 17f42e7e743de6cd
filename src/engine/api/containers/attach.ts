import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { parseDetachKeys } from '../../../protocol/streams/detach-keys.ts';
import { MULTIPLEXED_STREAM, RAW_STREAM, encodeFrame } from '../../../protocol/streams/mux.ts';
import { bundleOf, publish } from '../../containers/context.ts';
import type { ContainersContext } from '../../containers/context.ts';
import { readLogs } from '../../containers/logs/read.ts';
import { logSource } from '../../containers/logs/source.ts';
import type { LogSource } from '../../containers/logs/read.ts';
import { refuseRestarting } from '../../containers/registry.ts';
import type { ContainerEntry } from '../../containers/registry.ts';
import { conflict, invalid } from '../../errors.ts';
import { drained } from '../drained.ts';
import type { Route } from '../route.ts';
import { flagOf } from '../query.ts';

/** The content type of a container's streams. */
export const streamType = (tty: boolean): string => (tty ? RAW_STREAM : MULTIPLEXED_STREAM);

/**
 * `POST /containers/{id}/attach`: the connection becomes the container's streams, before or while it runs. `logs=1`
 * first sends what was written so far; `stream=1` goes on with what comes.
 */
export function attachHandler(context: ContainersContext): Route['handle'] {
  return async (request, response) => {
    const entry = context.registry.find(request.params['id'] ?? '');
    const detachKeys = request.query.get('detachKeys') ?? '';
    const keys = parseDetachKeys(detachKeys);
    if (keys === undefined) throw invalid(`Invalid detach keys (${detachKeys}) provided`);
    if (entry.state.status === 'running' && entry.state.paused) {
      throw conflict(`container ${entry.id} is paused, unpause the container before attach`);
    }
    refuseRestarting(entry);
    const source = flagOf(request.query, 'logs') ? logSource(context, entry) : undefined;
    const stream = response.hijack(streamType(entry.record.config.Tty));
    const wanted = {
      stdin: flagOf(request.query, 'stdin') && entry.record.config.OpenStdin,
      stdout: flagOf(request.query, 'stdout'),
      stderr: flagOf(request.query, 'stderr'),
      detach: { keys, onDetach: () => publish(context, entry, 'detach') },
    };
    publish(context, entry, 'attach');
    if (source !== undefined) await sendLogs(source, entry, stream, request.signal);
    if (!flagOf(request.query, 'stream')) {
      stream.end();
      stream.resume(); // Or the client's own end would go unseen, and the connection stay.
      return;
    }
    const closed = entry.hub.add(stream, wanted);
    if (entry.state.status === 'running') entry.hub.connect(join(bundleOf(context, entry.id), 'attach'));
    await closed;
  };
}

async function sendLogs(
  source: LogSource,
  entry: ContainerEntry,
  stream: Duplex,
  signal: AbortSignal,
): Promise<void> {
  const query = { follow: false, tail: undefined, since: undefined, until: undefined };
  for await (const line of readLogs(source, query, signal)) {
    const output = entry.record.config.Tty ? line.text : encodeFrame(line.stream, line.text);
    if (!stream.write(output)) await drained(stream, signal);
  }
}
