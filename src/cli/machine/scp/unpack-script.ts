import { posix } from 'node:path';
import { pathWord, shellWord } from './shell-word.ts';
import { FILE_MEMBER } from './whole-archive.ts';

/**
 * A POSIX shell's script that unpacks a sealed archive from its stdin as `target`. A link there is followed, as scp
 * does. Into a directory that is there a directory is unpacked at once; anything else has another name beside it until
 * the seal is seen, and is gone if it isn't.
 */
export function unpackScript(target: string, isDirectory: boolean, seal: string): string {
  const path = pathWord(posix.normalize(target));
  const sealFile = `"$T"/${shellWord(seal)}`;
  const intoOne = isDirectory ? 'T=$D' : 'echo "$D: Is a directory" >&2; exit 1';
  return [
    `D=${path}`,
    'if [ -L "$D" ]; then D=$(readlink -f "$D") || { echo "the link leads nowhere" >&2; exit 1; }; fi',
    `if [ -d "$D" ]; then ${intoOne}; N=`,
    'else T=$(mktemp -d "$(dirname "$D")/.wherry-scp.XXXXXX") && N=$D || exit 1; fi',
    'tar -x -o -f - -C "$T"; S=$?',
    `rm ${sealFile} 2>/dev/null || { [ $S != 0 ] || echo "the archive ended early" >&2; S=1; }`,
    '[ -n "$N" ] || exit $S',
    `[ $S != 0 ] || mv -f ${isDirectory ? '"$T"' : `"$T"/${FILE_MEMBER}`} "$N" || S=$?`,
    'rm -rf "$T"; exit $S',
  ].join('\n');
}
