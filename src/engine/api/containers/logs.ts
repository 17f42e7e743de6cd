import { STREAM, encodeFrame } from '../../../protocol/streams/mux.ts';
import type { ContainersContext } from '../../containers/context.ts';
import { logAttributes } from '../../containers/logs/attributes.ts';
import { readLogs } from '../../containers/logs/read.ts';
import type { LogQuery } from '../../containers/logs/read.ts';
import { logSource } from '../../containers/logs/source.ts';
import { invalid } from '../../errors.ts';
import { drained } from '../drained.ts';
import type { ApiRequest, Route } from '../route.ts';
import { streamType } from './attach.ts';
import { flagOf, timeOf } from '../query.ts';

/** `GET /containers/{id}/logs`: one frame a log entry; raw where the container has a terminal. */
export function logsHandler(context: ContainersContext): Route['handle'] {
  return async (request, response) => {
    const entry = context.registry.find(request.params['id'] ?? '');
    const stdout = flagOf(request.query, 'stdout');
    const stderr = flagOf(request.query, 'stderr');
    if (!stdout && !stderr) throw invalid('Bad parameters: you must choose at least one stream');
    const query = logQuery(request);
    const { Tty: tty } = entry.record.config;
    const timestamps = flagOf(request.query, 'timestamps');
    const details = flagOf(request.query, 'details')
      ? Buffer.from(`${logAttributes(entry.record)} `)
      : undefined;
    const source = logSource(context, entry);
    const stream = response.stream(200, streamType(tty));
    for await (const line of readLogs(source, query, request.signal)) {
      if (!(line.stream === STREAM.stdout ? stdout : stderr)) continue;
      const own = details === undefined ? line.text : Buffer.concat([details, line.text]);
      const text = timestamps ? withTime(line.time, own) : own;
      if (!stream.write(tty ? text : encodeFrame(line.stream, text))) await drained(stream, request.signal);
    }
    stream.end();
  };
}

function withTime(time: string, text: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${time} `), text]);
}

function logQuery(request: ApiRequest): LogQuery {
  const tail = request.query.get('tail') ?? 'all';
  return {
    follow: flagOf(request.query, 'follow'),
    // moby takes anything that is no number, `all` above all, as everything.
    tail: /^\d+$/.test(tail) ? Number(tail) : undefined,
    since: timeOf(request.query, 'since'),
    until: timeOf(request.query, 'until'),
  };
}
