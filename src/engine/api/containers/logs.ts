import { STREAM, encodeFrame } from '../../../protocol/streams/mux.ts';
import { logFileOf } from '../../containers/context.ts';
import type { ContainersContext } from '../../containers/context.ts';
import { readLogs } from '../../containers/read-logs.ts';
import type { LogQuery } from '../../containers/read-logs.ts';
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
    // The labels and variables that `--log-opt` named (there is no such option here), then a space, as in moby.
    const details = flagOf(request.query, 'details');
    const source = {
      file: logFileOf(context, entry.id),
      running: () => entry.state.status === 'running',
      onExit: (callback: () => void) => {
        entry.events.on('exit', callback);
        return () => void entry.events.off('exit', callback);
      },
    };
    const stream = response.stream(200, streamType(tty));
    for await (const line of readLogs(source, query, request.signal)) {
      if (!(line.stream === STREAM.stdout ? stdout : stderr)) continue;
      const own = details ? Buffer.concat([SPACE, line.text]) : line.text;
      const text = timestamps ? withTime(line.time, own) : own;
      if (!stream.write(tty ? text : encodeFrame(line.stream, text))) await drained(stream, request.signal);
    }
    stream.end();
  };
}

const SPACE = Buffer.from(' ');

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
