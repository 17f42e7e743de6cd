/**
 * As much of a conmon as a connection needs: it listens on DIRECTORY/attach, says `ready`, and accepts one connection
 * for each line on its stdin. It ends with its stdin.
 *
 * usage: node late-conmon.ts DIRECTORY
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { libcFunction } from '../../../../src/engine/sys/ffi.ts';
import {
  AF_UNIX,
  SOCK_CLOEXEC,
  SOCK_SEQPACKET,
  socket,
  unixAddress,
} from '../../../../src/engine/sys/socket.ts';

const bind: (fd: number, address: Uint8Array, size: number) => number = libcFunction(
  'int bind(int fd, const void *address, unsigned int size)',
);
const listen: (fd: number, backlog: number) => number = libcFunction('int listen(int fd, int backlog)');
const accept: (fd: number, address: null, size: null) => number = libcFunction(
  'int accept(int fd, void *address, void *size)',
);

const [directory = ''] = process.argv.slice(2);
const listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
const address = unixAddress(join(directory, 'attach'));
bind(listener, address, address.length);
listen(listener, 10);
writeFileSync(join(directory, 'conmon.pid'), String(process.pid));
const lines = createInterface({ input: process.stdin });
lines.on('line', () => accept(listener, null, null));
process.stdout.write('ready\n');
await once(lines, 'close');
