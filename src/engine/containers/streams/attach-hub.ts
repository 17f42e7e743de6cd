import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DetachScanner } from '../../../protocol/streams/detach-keys.ts';
import { STREAM, encodeFrame } from '../../../protocol/streams/mux.ts';
import type { StreamId } from '../../../protocol/streams/mux.ts';
import { connectSeqpacket } from '../../sys/seqpacket.ts';

export interface AttachRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Keys that end this client's session, and what is to be told then; they mean something on a terminal only. */
  readonly detach?: { readonly keys: Buffer; readonly onDetach: () => void } | undefined;
}

export interface HubOptions {
  readonly tty: boolean;
  /** The end of the first client's stdin is the end of the process's. */
  readonly stdinOnce: boolean;
  /** Clients stay when the source ends, until {@link AttachHub.close}: what they ask next must have its answer. */
  readonly keepClients?: boolean;
  /** How long a client may take next to nothing, with its buffer full, before it is dropped. */
  readonly stallLimitMs?: number | undefined;
}

interface Client {
  readonly stream: Duplex;
  readonly request: AttachRequest;
  stalled: NodeJS.Timeout | undefined;
}

/** conmon's first byte of a packet: 2 stdout, 3 stderr (conmon 2.1, conn_sock.h). */
const STDOUT_PACKET = 2;
/** conmon reads at most 32 KiB of a packet and drops the rest (CONN_SOCK_BUF_SIZE). */
const STDIN_CHUNK = 32 * 1024;
/** Bytes that may wait for one client before the source is held back. */
const CLIENT_BUFFER = 1024 * 1024;
/** A person who has stopped a pager for a moment isn't dropped; a container waits no longer than this for anyone. */
const STALL_LIMIT_MS = 10_000;
/** Next to nothing. */
const LEAST_PROGRESS = 64 * 1024;

/**
 * The streams of one process: one connection to conmon, however many clients. Clients may come before the process
 * starts. Output goes to every client that wants it, as frames or, with a terminal, as it is.
 */
export class AttachHub {
  readonly #options: HubOptions;
  readonly #clients = new Set<Client>();
  #socket: Socket | undefined;
  #stdin: Promise<void> = Promise.resolve();
  #sourceEnded = Promise.withResolvers<void>();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  get wanted(): boolean {
    return this.#clients.size > 0;
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** Resolves when the process's streams have ended and all they held has been passed on. */
  get sourceEnded(): Promise<void> {
    return this.#sourceEnded.promise;
  }

  /** Connects to conmon's attach socket. Every byte that the process writes from now on reaches the clients. */
  connect(path: string): void {
    if (this.#socket !== undefined) return;
    const socket = connectSeqpacket(path);
    this.#socket = socket;
    this.#sourceEnded = Promise.withResolvers<void>();
    socket.on('data', (packet: Buffer) => this.#deliver(packet));
    const ended = (): void => {
      if (this.#socket !== socket) return;
      this.#sourceEnded.resolve();
      if (this.#options.keepClients !== true) this.close();
    };
    socket.once('end', ended);
    // conmon may vanish with the process; the exit file tells what happened.
    socket.once('error', ended);
    socket.once('close', ended);
    for (const client of this.#clients) this.#pumpStdin(client);
  }

  /** Adds a client, which owns `stream` until the process ends or the client goes. Resolves when it is over. */
  add(stream: Duplex, request: AttachRequest): Promise<void> {
    // It went while it was sent the logs, or before the exec was ready: there is no `close` to come.
    if (stream.closed) return Promise.resolve();
    const client: Client = { stream, request, stalled: undefined };
    this.#clients.add(client);
    const done = new Promise<void>((resolve) => {
      stream.once('close', () => {
        this.#forget(client);
        resolve();
      });
    });
    stream.on('error', () => stream.destroy());
    if (this.#socket !== undefined) this.#pumpStdin(client);
    return done;
  }

  /** Ends all clients' streams: the process is over, or never came to be. */
  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#stdin = Promise.resolve();
    for (const client of this.#clients) {
      this.#forget(client);
      client.stream.end();
      // Nobody reads what the client still sends; let its half be over when it likes.
      client.stream.resume();
    }
  }

  #deliver(packet: Buffer): void {
    const stream: StreamId = packet[0] === STDOUT_PACKET ? STREAM.stdout : STREAM.stderr;
    const payload = packet.subarray(1);
    const output = this.#options.tty ? payload : encodeFrame(stream, payload);
    for (const client of this.#clients) {
      const wants = stream === STREAM.stdout ? client.request.stdout : client.request.stderr;
      if (!wants || client.stream.destroyed) continue;
      client.stream.write(output);
      if (client.stream.writableLength > CLIENT_BUFFER) this.#holdBack(client);
    }
  }

  /** Stops reading from conmon until the client has caught up; one that hardly moves is dropped. */
  #holdBack(client: Client): void {
    if (client.stalled !== undefined) return;
    this.#socket?.pause();
    let waiting = client.stream.writableLength;
    client.stalled = setInterval(() => {
      const now = client.stream.writableLength;
      if (waiting - now < LEAST_PROGRESS) client.stream.destroy();
      waiting = now;
    }, this.#options.stallLimitMs ?? STALL_LIMIT_MS);
    client.stream.once('drain', () => this.#release(client));
  }

  #release(client: Client): void {
    clearInterval(client.stalled);
    client.stalled = undefined;
    if (![...this.#clients].some(({ stalled }) => stalled !== undefined)) this.#socket?.resume();
  }

  #forget(client: Client): void {
    this.#clients.delete(client);
    if (client.stalled !== undefined) this.#release(client);
  }

  #pumpStdin(client: Client): void {
    const { stream, request } = client;
    if (!request.stdin) {
      // Read to notice the client's end; what it sends has nowhere to go.
      stream.resume();
      return;
    }
    const { detach } = request;
    const scanner = detach !== undefined && this.#options.tty ? new DetachScanner(detach.keys) : undefined;
    stream.on('data', (chunk: Buffer) => {
      const { input, detached } = scanner?.push(chunk) ?? { input: chunk, detached: false };
      stream.pause();
      void this.#send(input)
        .catch(() => undefined) // The process is gone: whatever else comes is dropped the same way.
        .then(() => {
          if (detached) this.#detach(client);
          else stream.resume();
        });
    });
    let ended = false;
    const inputOver = (): void => {
      if (ended) return;
      ended = true;
      // What moby does (container/stream/attach.go): the input's end is the process's where it was promised to be,
      // and otherwise detaches this client.
      const last = this.#options.stdinOnce && !this.#options.tty;
      this.#stdin = this.#stdin.then(() => void (last ? this.#socket?.end() : stream.end()));
    };
    stream.once('end', inputOver);
    // A client that vanishes hasn't said that its input is over; nobody else will.
    stream.once('close', inputOver);
  }

  #detach(client: Client): void {
    this.#forget(client);
    client.stream.end();
    client.stream.resume();
    client.request.detach?.onDetach();
  }

  /** Writes in packets that conmon takes whole, one after another. */
  #send(chunk: Buffer): Promise<void> {
    const before = this.#stdin;
    const sent = (async () => {
      await before;
      for (let at = 0; at < chunk.length; at += STDIN_CHUNK) {
        await writePacket(this.#socket, chunk.subarray(at, at + STDIN_CHUNK));
      }
    })();
    this.#stdin = sent.catch(() => undefined);
    return sent;
  }
}

function writePacket(socket: Socket | undefined, packet: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket === undefined || !socket.writable) {
      reject(new Error('the process takes no more input'));
      return;
    }
    socket.write(packet, (error) => (error == null ? resolve() : reject(error)));
  });
}
