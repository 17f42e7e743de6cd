import { getSystemErrorName } from 'node:util';

/** A system call that failed: `code` as in Node's own errors (`ENOENT`), `errno` positive as in C. */
export class SyscallError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;

  constructor(syscall: string, errno: number, detail: string) {
    const code = errnoName(errno);
    super(`${syscall}${detail === '' ? '' : ` ${detail}`}: ${code}`);
    this.name = 'SyscallError';
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
  }
}

/** `2` → `ENOENT`; a number that libuv has no name for → `errno N`. */
export function errnoName(errno: number): string {
  if (errno <= 0) return `errno ${errno}`;
  const name = getSystemErrorName(-errno);
  return name.startsWith('E') ? name : `errno ${errno}`;
}

/** True for a {@link SyscallError} or a Node.js system error with this code. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}
