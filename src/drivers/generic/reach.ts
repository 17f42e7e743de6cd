import { connect } from 'node:net';
import { messageOf } from '../../core/errors.ts';
import type { GenericHost } from './options.ts';

/** As docker-machine's driver gives a host. */
const PATIENCE_MS = 5000;

/** Whether an SSH server answers there (RFC 4253 §4.2: its first line begins with `SSH-`). @returns undefined if so, else why not */
export function whyUnreachable({ host, port }: GenericHost): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (reason: string | undefined): void => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(PATIENCE_MS, () => settle(`no answer within ${PATIENCE_MS / 1000} s`));
    socket.once('data', (bytes: Buffer) =>
      settle(bytes.toString('latin1').includes('SSH-') ? undefined : 'what answers there is no SSH server'),
    );
    socket.once('end', () => settle('the connection was closed at once'));
    socket.once('error', (error) => settle(messageOf(error)));
  });
}
