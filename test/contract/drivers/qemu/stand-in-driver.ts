import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./stand-in.ts', import.meta.url));

const SCRIPT = `#!/bin/sh
if [ "$1" = --version ]; then
  echo 'QEMU emulator version 7.2.22 (stand-in)'
  exit
fi
exec '${process.execPath}' '${PROGRAM}' "$@"
`;

/** An executable in `directory` that is the stand-in, run by this very Node. */
export async function installStandIn(directory: string): Promise<string> {
  const path = join(directory, 'qemu-system-x86_64');
  await writeFile(path, SCRIPT, { mode: 0o755 });
  return path;
}
