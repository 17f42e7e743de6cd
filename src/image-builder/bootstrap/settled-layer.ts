import { memberBytes, END_MARK, paddingAfter } from '../../core/tar/writer.ts';
import { readMembers } from '../../core/tar/reader.ts';
import { STAGE_FOLDER } from './second-stage.ts';

/** Gone with all that is below: the stage's own, what belongs to a running system, and what says when and where it ran. */
const FOLDERS = [STAGE_FOLDER, 'dev', 'proc', 'sys'].map((path) => `${path}/`);
/** These stay, empty. */
const EMPTIED = ['run/', 'tmp/', 'var/tmp/', 'var/log/apt/', 'var/lib/apt/lists/', 'var/cache/apt/'];
const DROPPED: readonly RegExp[] = [
  /^etc\/(?:hostname|hosts|resolv\.conf|machine-id|\.pwd\.lock)$/,
  /^etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-$/,
  /^var\/lib\/dbus\/machine-id$/,
  /^var\/lib\/systemd\/random-seed$/,
  /^var\/lib\/dpkg\/(?:lock|lock-frontend|triggers\/Lock|[a-z]+-old)$/,
  /^var\/cache\/debconf\/[a-z]+\.dat-old$/,
  /^var\/cache\/ldconfig\/aux-cache$/,
  /^var\/log\/(?:dpkg|alternatives|bootstrap|fontconfig)\.log$/,
];

/**
 * What the packages' scripts left behind, as a layer that doesn't tell when it was made: logs, locks, backups and caches
 * that are made again go, no time is past `newest` (seconds since the epoch), the rest stays as it is. The same scripts
 * give the same bytes.
 */
export async function* settledLayer(
  layer: AsyncIterable<Uint8Array>,
  newest: number,
): AsyncGenerator<Buffer> {
  for await (const { content, ...member } of readMembers(layer)) {
    const path = member.name.replace(/^\.?\//, '');
    if (goes(path)) continue;
    const isLog = member.type === 'file' && path.startsWith('var/log/') && !isWhiteout(path);
    const size = isLog ? 0 : member.size;
    yield memberBytes({ ...member, size, mtime: Math.min(member.mtime, newest) });
    if (isLog) continue;
    yield* content;
    yield paddingAfter(size);
  }
  yield Buffer.from(END_MARK);
}

const isWhiteout = (path: string): boolean => path.slice(path.lastIndexOf('/') + 1).startsWith('.wh.');

function goes(path: string): boolean {
  const asFolder = path.endsWith('/') ? path : `${path}/`;
  if (FOLDERS.some((folder) => asFolder.startsWith(folder))) return true;
  if (EMPTIED.some((folder) => asFolder.startsWith(folder) && asFolder !== folder)) return true;
  return DROPPED.some((pattern) => pattern.test(path));
}
