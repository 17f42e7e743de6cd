import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { systemErrorCode } from '../core/errors.ts';

export interface HostPort {
  readonly proto: 'tcp' | 'udp';
  /** IPv4. */
  readonly address: string;
  readonly port: number;
}

/** Binds a port and lets go of it. @returns undefined if that worked, else the system's error (`EADDRINUSE`, …) */
export async function whyNotBindable({ proto, address, port }: HostPort): Promise<Error | undefined> {
  try {
    if (proto === 'tcp') {
      const server = createServer().listen({ host: address, port, exclusive: true });
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
    } else {
      const socket = createSocket('udp4').bind({ address, port, exclusive: true });
      await once(socket, 'listening');
      socket.close();
      await once(socket, 'close');
    }
    return undefined;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return error as Error;
  }
}

export interface PortHolder {
  readonly pid: number;
  readonly name: string;
}

/**
 * The process that listens on a port, as far as this user may know: Linux shows it for the user's own processes, and
 * for all to root; elsewhere it isn't asked for.
 */
export async function portHolder(port: HostPort, procfs = '/proc'): Promise<PortHolder | undefined> {
  const inodes = await listenersOn(port, procfs);
  if (inodes.size === 0) return undefined;
  const pids = (await readdir(procfs)).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    if (!(await holdsOne(`${procfs}/${pid}/fd`, inodes))) continue;
    const name = await ifThere(readFile(`${procfs}/${pid}/comm`, 'utf8'), '');
    return { pid: Number(pid), name: name.trim() };
  }
  return undefined;
}

/** proc_pid_net(5): `sl local_address rem_address st … inode`; addresses in hexadecimal, by 32-bit words in memory order. */
async function listenersOn({ proto, address, port }: HostPort, procfs: string): Promise<Set<string>> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const own = Buffer.from(address.split('.').map(Number)).readUInt32LE().toString(16).toUpperCase();
  const fits = (hex: string): boolean =>
    address === '0.0.0.0' || /^0+$/.test(hex) || hex.endsWith(own.padStart(8, '0'));
  // TCP_LISTEN; an unconnected UDP socket is in TCP_CLOSE.
  const state = proto === 'tcp' ? '0A' : '07';
  const inodes = new Set<string>();
  for (const file of [proto, `${proto}6`]) {
    const table = await ifThere(readFile(`${procfs}/net/${file}`, 'utf8'), '');
    for (const line of table.split('\n')) {
      const fields = line.trim().split(/\s+/);
      const [host = '', boundPort = ''] = (fields[1] ?? '').split(':');
      if (boundPort === hexPort && fields[3] === state && fits(host)) inodes.add(fields[9] ?? '');
    }
  }
  return inodes;
}

async function holdsOne(fds: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const fd of await ifThere(readdir(fds), [])) {
    const target = await ifThere(readlink(`${fds}/${fd}`), '');
    const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? [];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}

const HIDDEN = new Set(['ENOENT', 'ENOTDIR', 'ESRCH', 'EACCES', 'EPERM', 'EINVAL']);

/** Processes come and go, and other users' are not to be looked into. */
async function ifThere<T>(reading: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (HIDDEN.has(systemErrorCode(error) ?? '')) return otherwise;
    throw error;
  }
}
