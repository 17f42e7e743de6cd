/** Windows PowerShell 5.1, which every Windows has, as {@link systemProgram} is given it. */
export const WINDOWS_POWERSHELL = 'WindowsPowerShell\\v1.0\\powershell.exe';

/**
 * A program of Windows' own by its whole path. One that is named without a path is looked for in the working directory
 * first (Microsoft's reference of CreateProcess), where anybody's may lie.
 */
export function systemProgram(
  name: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return `${env['SystemRoot'] ?? 'C:\\Windows'}\\System32\\${name}`;
}
