/**
 * What QEMU says on stderr, the one place that looks at its words: it exits with status 1 for everything.
 * Texts from QEMU 7.2's net/slirp.c ("Could not set up host forwarding rule '…'") and chardev/char-socket.c.
 */
export function isPortTaken(output: string): boolean {
  return /Could not set up host forwarding rule|Failed to find an available port|Address already in use/.test(
    output,
  );
}

/** block/file-posix.c: another process has the data disk open. */
export function isDiskInUse(output: string): boolean {
  return /Failed to get (shared )?"\w+" lock/.test(output);
}

/** The line that says why, without the program's name: `qemu-system-x86_64: -accel kvm: failed …`. */
export function lastMessage(output: string): string | undefined {
  const line = output
    .split(/\r?\n/)
    .filter((text) => text.trim() !== '')
    .at(-1);
  return line?.replace(/^\S*qemu-system-[\w.-]+: /, '').trim();
}
