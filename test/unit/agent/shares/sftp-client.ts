import { duplexPair, type Duplex } from 'node:stream';
import { FXP, packet, PacketReader, string, uint32, uint64 } from '../../../../src/agent/shares/sftp/wire.ts';
import { serveSftp, type SharedDirectory } from '../../../../src/agent/shares/sftp/server.ts';
import type { GuestView } from '../../../../src/agent/shares/sftp/guest-view.ts';

/** Of a guest that nothing is told to. */
export const NO_VIEW: GuestView = {
  isHidden: () => false,
  ghost: () => undefined,
  reveal: () => undefined,
  takeGhost: () => false,
  takeMove: () => false,
  saw: () => undefined,
  changed: () => undefined,
};

export interface Reply {
  readonly type: number;
  readonly message: PacketReader;
}

/** Speaks SFTP to the server under test, one request after the other or many at once. */
export class SftpClient {
  readonly stream: Duplex;
  readonly served: Promise<void>;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #lastId = 0;

  constructor(directory: Partial<SharedDirectory> & { readonly path: string }) {
    const [here, there] = duplexPair();
    this.stream = here;
    this.served = serveSftp(there, { writable: true, view: NO_VIEW, ...directory });
    let rest = Buffer.alloc(0);
    here.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE()) {
        const message = new PacketReader(rest.subarray(4, 4 + rest.readUInt32BE()));
        rest = rest.subarray(4 + rest.readUInt32BE());
        const type = message.byte();
        if (type !== FXP.VERSION) this.#waiting.get(message.uint32())?.({ type, message });
      }
    });
    here.write(packet(FXP.INIT, uint32(3)));
  }

  ask(type: number, ...fields: readonly Buffer[]): Promise<Reply> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.stream.write(packet(type, uint32(id), ...fields));
    });
  }

  /** The code of the answer, 0 where it is another than a status. */
  async status(type: number, ...fields: readonly Buffer[]): Promise<number> {
    const { type: told, message } = await this.ask(type, ...fields);
    return told === FXP.STATUS ? message.uint32() : 0;
  }

  /** @returns the handle, or the code */
  async open(path: string, flags: number, mode = 0o644): Promise<Buffer | number> {
    const { type, message } = await this.ask(FXP.OPEN, string(path), uint32(flags), uint32(4), uint32(mode));
    return type === FXP.HANDLE ? message.bytes() : message.uint32();
  }

  async write(path: string, data: string): Promise<void> {
    const handle = (await this.open(path, FLAGS.write | FLAGS.create | FLAGS.truncate)) as Buffer;
    await this.ask(FXP.WRITE, string(handle), uint64(0), string(data));
    await this.ask(FXP.CLOSE, string(handle));
  }

  async read(path: string): Promise<string | number> {
    const handle = await this.open(path, FLAGS.read);
    if (typeof handle === 'number') return handle;
    const { type, message } = await this.ask(FXP.READ, string(handle), uint64(0), uint32(65_536));
    await this.ask(FXP.CLOSE, string(handle));
    return type === FXP.DATA ? message.text() : '';
  }

  async names(path: string): Promise<string[]> {
    const handle = string((await this.ask(FXP.OPENDIR, string(path))).message.bytes());
    const names: string[] = [];
    for (;;) {
      const { type, message } = await this.ask(FXP.READDIR, handle);
      if (type !== FXP.NAME) break;
      for (let count = message.uint32(); count > 0; count -= 1) {
        names.push(message.text());
        message.bytes();
        for (let field = 0; field < 8; field += 1) message.uint32();
      }
    }
    await this.ask(FXP.CLOSE, handle);
    return names.sort();
  }

  async end(): Promise<void> {
    this.stream.end();
    await this.served;
  }
}

export const FLAGS = { read: 1, write: 2, create: 8, truncate: 16, exclusive: 32 } as const;
export const NO_ATTRIBUTES = uint32(0);
