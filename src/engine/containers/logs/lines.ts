import { STREAM } from '../../../protocol/streams/mux.ts';
import type { StreamId } from '../../../protocol/streams/mux.ts';

/** One entry of a container's log. */
export interface LogLine {
  /** RFC 3339, nine digits, UTC. */
  readonly time: string;
  readonly stream: StreamId;
  /** As the process wrote it, the line's end included where there was one. */
  readonly text: Buffer;
}

const SPACE = 0x20;
const NEWLINE = Buffer.from('\n');

/**
 * Reads one line of the k8s-file format: `TIME stdout|stderr F|P TEXT`; P is a line that goes on in the next entry
 * (kubernetes CRI logging format, as conmon 2.1 writes it). Undefined for what is no such line.
 */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const timeEnd = line.indexOf(SPACE);
  const streamEnd = line.indexOf(SPACE, timeEnd + 1);
  const tagEnd = line.indexOf(SPACE, streamEnd + 1);
  if (timeEnd < 0 || streamEnd < 0 || tagEnd < 0) return undefined;
  const name = line.toString('latin1', timeEnd + 1, streamEnd);
  const tag = line.toString('latin1', streamEnd + 1, tagEnd);
  if (name !== 'stdout' && name !== 'stderr') return undefined;
  const text = line.subarray(tagEnd + 1);
  return {
    time: line.toString('latin1', 0, timeEnd).replace(/\+00:00$/, 'Z'),
    stream: STREAM[name],
    text: tag === 'P' ? text : Buffer.concat([text, NEWLINE]),
  };
}

/** Cuts a file's bytes into lines, however they come. */
export class LineSplitter {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Buffer[] {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const lines: Buffer[] = [];
    let at = 0;
    for (let end = bytes.indexOf(0x0a, at); end >= 0; end = bytes.indexOf(0x0a, at)) {
      lines.push(bytes.subarray(at, end));
      at = end + 1;
    }
    this.#pending = Buffer.from(bytes.subarray(at));
    return lines;
  }
}
