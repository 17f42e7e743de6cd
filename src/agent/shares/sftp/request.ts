import { STATUS, FXP, string, uint32, type PacketReader } from './wire.ts';
import { SftpError, type ShareTree } from './tree.ts';
import type { Attributes } from './attributes.ts';
import type { Gate } from './gate.ts';
import { REPEATED } from '../../../protocol/agent/repeated.ts';
import type { GuestView } from './guest-view.ts';
import type { Handles } from './handles.ts';

/** What requests are worked on with. */
export interface ShareContext {
  readonly tree: ShareTree;
  readonly writable: boolean;
  /** The host's user; undefined on Windows. */
  readonly user: number | undefined;
  readonly handles: Handles;
  readonly gate: Gate;
  readonly view: GuestView;
}

/** Does one request, whose id has been read. @returns the answer's type and what follows its id */
export type Request = (context: ShareContext, message: PacketReader) => Promise<Answer>;

export interface Answer {
  readonly type: number;
  readonly fields: readonly Buffer[];
}

/** What may be set of a mode. Not setuid and setgid: whoever runs such a file on the host would be its user. */
export const SETTABLE = 0o1777;

export const status = (code: number, message = ''): Answer => ({
  type: FXP.STATUS,
  fields: [uint32(code), string(message), string('')],
});
export const done = status(STATUS.OK);
export const absent = (path: string): SftpError => new SftpError(STATUS.NO_SUCH_FILE, `${path} isn't there`);

/** @throws SftpError */
export function requireWritable({ writable }: ShareContext): void {
  if (!writable) throw new SftpError(STATUS.PERMISSION_DENIED, 'shared for reading only');
}

export const isRepeatedChange = ({ size, mtime }: Attributes): boolean =>
  size === REPEATED.size || mtime === REPEATED.time;
