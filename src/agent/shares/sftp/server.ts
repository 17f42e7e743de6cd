import { realpath } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { messageOf, systemErrorCode } from '../../../core/errors.ts';
import { ClosedDirectory } from '../closed-directory.ts';
import { Gate } from './gate.ts';
import type { GuestView } from './guest-view.ts';
import { Handles } from './handles.ts';
import { status, type Answer, type ShareContext } from './request.ts';
import { extensions, REQUESTS } from './requests.ts';
import { SftpError, ShareTree } from './tree.ts';
import { FXP, MAX_PACKET, packet, PacketReader, SFTP_VERSION, STATUS, uint32 } from './wire.ts';

export interface SharedDirectory {
  /** On the host. */
  readonly path: string;
  readonly writable: boolean;
  /** On the host: what isn't shared even where it is below that. */
  readonly closed?: string | undefined;
  readonly view: GuestView;
  readonly handles?: Handles | undefined;
}

/** Requests that are worked on at a time; the client waits with the others. */
const MOST_AT_A_TIME = 64;

/**
 * Serves a directory over a byte stream by SFTP 3, with the rights of this process's user and no others. Resolves when
 * the stream has ended or was closed. @throws Error for what isn't SFTP, with the stream destroyed
 */
export async function serveSftp(stream: Duplex, directory: SharedDirectory): Promise<void> {
  const handles = directory.handles ?? new Handles();
  const context: ShareContext = {
    tree: new ShareTree(
      await realpath(directory.path),
      directory.closed === undefined ? undefined : new ClosedDirectory(directory.closed),
    ),
    writable: directory.writable,
    user: process.getuid?.(),
    handles,
    gate: new Gate(),
    view: directory.view,
  };
  const working = new Set<Promise<void>>();
  const send = (bytes: Buffer): void => void (stream.writable && stream.write(bytes));
  try {
    let greeted = false;
    for await (const message of messages(stream)) {
      const type = message.byte();
      if (!greeted) {
        if (type !== FXP.INIT) throw new Error('the client did not begin as SFTP begins');
        greeted = true;
        send(packet(FXP.VERSION, uint32(SFTP_VERSION), ...extensions()));
        continue;
      }
      const work = answer(context, type, message).then(send);
      working.add(work);
      void work.finally(() => working.delete(work));
      if (working.size >= MOST_AT_A_TIME) await Promise.race(working);
      if (stream.writableNeedDrain) await drained(stream);
    }
    await Promise.all(working);
    stream.end();
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    await Promise.allSettled(working);
    await handles.closeAll();
  }
}

async function answer(context: ShareContext, type: number, message: PacketReader): Promise<Buffer> {
  const id = message.uint32();
  let told: Answer;
  try {
    const request = REQUESTS.get(type);
    told =
      request === undefined
        ? status(STATUS.OP_UNSUPPORTED, `message ${type} is unknown`)
        : await request(context, message);
  } catch (error) {
    told = failure(error);
  }
  return packet(told.type, uint32(id), ...told.fields);
}

const CODES: Readonly<Record<string, number>> = {
  ENOENT: STATUS.NO_SUCH_FILE,
  ENOTDIR: STATUS.NO_SUCH_FILE,
  ELOOP: STATUS.PERMISSION_DENIED,
  EACCES: STATUS.PERMISSION_DENIED,
  EPERM: STATUS.PERMISSION_DENIED,
  EROFS: STATUS.PERMISSION_DENIED,
  ENOTSUP: STATUS.OP_UNSUPPORTED,
};

function failure(error: unknown): Answer {
  if (error instanceof SftpError) return status(error.status, error.message);
  if (error instanceof RangeError) return status(STATUS.BAD_MESSAGE, error.message);
  return status(CODES[systemErrorCode(error) ?? ''] ?? STATUS.FAILURE, messageOf(error));
}

/** The messages of a stream, each without its length. */
async function* messages(stream: Duplex): AsyncGenerator<PacketReader> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4) {
      const length = rest.readUInt32BE();
      if (length === 0 || length > MAX_PACKET) throw new Error(`no SFTP: a message of ${length} bytes`);
      if (rest.length < 4 + length) break;
      yield new PacketReader(rest.subarray(4, 4 + length));
      rest = rest.subarray(4 + length);
    }
  }
}

function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      stream.off('drain', settle);
      stream.off('close', settle);
      resolve();
    };
    stream.on('drain', settle);
    stream.on('close', settle);
  });
}
