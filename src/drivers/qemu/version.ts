/** A QEMU release, `7.2.22` as {major: 7, minor: 2}. */
export interface QemuVersion {
  readonly major: number;
  readonly minor: number;
  /** As QEMU prints it, distribution suffix included: part of the probe cache's key. */
  readonly text: string;
}

/** The first line of `qemu-system-… --version`: `QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7…)`. */
export function parseQemuVersion(output: string): QemuVersion | undefined {
  const match = /^QEMU emulator version ((\d+)\.(\d+)[^\n\r]*)/m.exec(output);
  if (match === null) return undefined;
  return { text: (match[1] ?? '').trim(), major: Number(match[2]), minor: Number(match[3]) };
}

export function isBefore(version: QemuVersion, major: number, minor = 0): boolean {
  return version.major < major || (version.major === major && version.minor < minor);
}

/**
 * TCG's cmpxchg16b returns wrong EFLAGS to the guest kernel's slab allocator: with `-cpu max` Debian's 6.12 kernel
 * oopsed in about half of the boots under 7.2. Shown for 7.2; releases up to 8.2 have not been shown to be clean.
 * The work-around costs the kernel one fast path and user space nothing, so it covers everything before 9.0,
 * where it is dropped until somebody shows that it is needed.
 */
export function corruptsCmpxchg16b(version: QemuVersion): boolean {
  return isBefore(version, 9);
}
