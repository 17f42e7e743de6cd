import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from '../../errors.ts';
import { hasCode } from '../../sys/errno.ts';

/** conmon's `ctl` FIFO takes `1 ROWS COLUMNS` (conmon 2.1, ctrl.c WIN_RESIZE_EVENT). */
const RESIZE = 1;

/**
 * Tells conmon its terminal's new size.
 *
 * @param bundle the directory of the container's or the exec's conmon
 */
export async function resizeTerminal(bundle: string, rows: number, columns: number): Promise<void> {
  for (const size of [rows, columns]) {
    if (!Number.isInteger(size) || size < 0 || size > 0xffff) throw invalid(`invalid terminal size: ${size}`);
  }
  try {
    const control = await open(join(bundle, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      await control.write(`${RESIZE} ${rows} ${columns}\n`);
    } finally {
      await control.close();
    }
  } catch (error) {
    // The process has just ended: nothing to resize.
    if (!hasCode(error, 'ENOENT', 'ENXIO')) throw error;
  }
}
