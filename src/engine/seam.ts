import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';

/**
 * The boot's seam: all that is the same for every machine happens before it, everything of this machine (its config,
 * its disk, its containers) after it. Init says `go` on a FIFO that is the engine's stdin; without a FIFO there is no
 * seam to wait at.
 *
 * @throws Error if stdin ends before the line comes
 */
export async function waitForGo(stdin: Readable & { readonly fd: number }): Promise<void> {
  if (!fstatSync(stdin.fd).isFIFO()) return;
  let text = '';
  for await (const chunk of stdin.setEncoding('utf8')) {
    text += chunk as string;
    const lines = text.split('\n');
    if (lines.slice(0, -1).includes('go')) {
      stdin.destroy();
      return;
    }
    text = lines.at(-1) ?? '';
  }
  throw new Error('stdin ended before the line "go" came');
}
