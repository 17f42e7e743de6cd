import { fstatSync, readSync } from 'node:fs';

/** Longer than any line that init says; what is longer has no `go` in it. */
const LINE = 64;

/**
 * The boot's seam: all that is the same for every machine happens before it, everything of this machine (its config,
 * its disk, its containers) after it. Init says `go` on a FIFO that is the engine's stdin; without a FIFO there is no
 * seam to wait at.
 *
 * Nothing else goes on in this process before the seam, so it may stand still here: `process.stdin` as a stream takes a
 * tenth of a second to load under emulation. A signal ends it as it would any process; there is nothing to tidy up.
 *
 * @throws Error if stdin ends before the line comes
 */
export function waitForGo(stdin: number): void {
  if (!fstatSync(stdin).isFIFO()) return;
  const buffer = Buffer.alloc(LINE);
  let text = '';
  for (;;) {
    const length = readSync(stdin, buffer);
    if (length === 0) throw new Error('stdin ended before the line "go" came');
    const lines = (text + buffer.toString('latin1', 0, length)).split('\n');
    if (lines.slice(0, -1).includes('go')) return;
    text = (lines.at(-1) ?? '').slice(-LINE);
  }
}
