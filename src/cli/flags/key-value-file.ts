import { readFileSync } from 'node:fs';
import { messageOf } from '../../core/errors.ts';
import { usage } from '../base-command.ts';

/**
 * The lines of an `--env-file` or `--label-file` (docker CLI, pkg/kvfile): `KEY=VALUE` or `KEY`, blank lines and those
 * that begin with # left out.
 *
 * @throws WherryError USAGE for a file that can't be read, or a key that is none
 */
export function readKeyValueFile(path: string): string[] {
  return readText(path)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(checkLine);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usage(`open ${path}: ${messageOf(error)}`);
  }
}

function checkLine(line: string): string {
  const [key = ''] = line.split('=', 1);
  if (key === '') throw usage(`poorly formatted environment: no variable name on line '${line}'`);
  if (/\s/.test(key)) throw usage(`poorly formatted environment: variable '${key}' contains whitespaces`);
  return line;
}
