import { join } from 'node:path';
import { debianTools } from '../debian-tools.ts';

/** How to run trixie's `dropbear` or `dropbearkey` on this computer. */
export async function dropbearArgv(tool: 'dropbear' | 'dropbearkey'): Promise<string[]> {
  const tools = await debianTools(['dropbear-bin']);
  return [join(tools.binDir, tool)];
}
