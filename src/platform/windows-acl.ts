import { userInfo } from 'node:os';
import { systemExec, type Exec } from './exec.ts';
import { systemProgram } from './windows-programs.ts';

/**
 * Leaves a directory, and all that will be made in it, to one user: nothing is inherited from the directory above, and
 * that user alone has full control (Microsoft's reference of icacls: `/inheritance:r`, `/grant:r`, `(OI)(CI)F`).
 * Not yet run on a real Windows. Error: `COMMAND_FAILED`.
 */
export async function restrictToOwner(
  path: string,
  exec: Pick<Exec, 'check'> = systemExec,
  env: Readonly<Record<string, string | undefined>> = process.env,
  username: string = userInfo().username,
): Promise<void> {
  const domain = env['USERDOMAIN'];
  const user = domain === undefined || domain === '' ? username : `${domain}\\${username}`;
  await exec.check([
    systemProgram('icacls.exe', env),
    path,
    '/inheritance:r',
    '/grant:r',
    `${user}:(OI)(CI)F`,
  ]);
}
