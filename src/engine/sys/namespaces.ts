import { libcFunction } from './ffi.ts';

/** Namespace flags of clone(2). */
export const CLONE = {
  NEWNS: 0x0002_0000,
  NEWCGROUP: 0x0200_0000,
  NEWUTS: 0x0400_0000,
  NEWIPC: 0x0800_0000,
  NEWUSER: 0x1000_0000,
  NEWPID: 0x2000_0000,
  NEWNET: 0x4000_0000,
} as const;

/**
 * Moves the calling thread, Node's main thread, into new namespaces. Whatever runs until the way back must be
 * synchronous: libuv's worker threads stay where they were. @throws SyscallError
 */
export const unshare: (flags: number) => number = libcFunction('int unshare(int flags)');

/** Moves the main thread into the namespace that `fd` is; see {@link unshare}. @throws SyscallError */
export const setns: (fd: number, type: number) => number = libcFunction('int setns(int fd, int type)');
