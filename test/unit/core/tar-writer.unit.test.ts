import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { TarMemberHeader } from '../../../src/core/tar/member.ts';
import { readMembers } from '../../../src/core/tar/reader.ts';
import { END_MARK, memberBytes, paddingAfter } from '../../../src/core/tar/writer.ts';

const GIB = 2 ** 30;

const member = (name: string, more: Partial<TarMemberHeader> = {}): TarMemberHeader => ({
  type: 'file',
  name,
  linkName: '',
  mode: 0o4755,
  uid: 1,
  gid: 2,
  size: 0,
  mtime: 1_700_000_000,
  devMajor: 0,
  devMinor: 0,
  xattrs: new Map(),
  ...more,
});

describe('the tar writer', () => {
  const cases: TarMemberHeader[] = [
    member('plain'),
    member('d'.repeat(60) + '/' + 'f'.repeat(200), { type: 'symlink', linkName: 'l'.repeat(300) }),
    member('caf\u00e9 \u00ff\u00fe'),
    member('ids', { uid: 2 ** 31, gid: 4_000_000_000 }),
    member('old', { mtime: -86_400 }),
    member('node', { type: 'block', devMajor: 8, devMinor: 3_000_000 }),
    member('x', {
      xattrs: new Map([
        ['user.empty', Buffer.alloc(0)],
        ['security.capability', Buffer.from([0, 10, 61, 255])],
      ]),
    }),
    ...[89, 90, 91, 92, 93, 94, 95, 989, 990, 991].map((length) => member('n'.repeat(length + 20))),
  ];

  it('writes what the reader reads back, whatever does not fit into a plain header', async () => {
    const archive = Buffer.concat([...cases.map(memberBytes), END_MARK]);
    const read: TarMemberHeader[] = [];
    for await (const { content: _, ...header } of readMembers(Readable.from([archive]))) read.push(header);
    expect(read).to.deep.equal(cases);
  });

  it('writes files past 8 GiB and odd names so that GNU tar reads them', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wherry-tar-'));
    const path = join(directory, 'a.tar');
    try {
      const size = 9 * GIB + 5;
      const fd = openSync(path, 'w');
      const head = memberBytes(member('big', { size }));
      writeSync(fd, head);
      const after = head.length + size + paddingAfter(size).length;
      const rest = Buffer.concat([
        ...cases.map(memberBytes),
        memberBytes(member('dir', { type: 'directory' })),
        END_MARK,
      ]);
      writeSync(fd, rest, 0, rest.length, after);
      ftruncateSync(fd, after + rest.length); // Sparse: it takes no room.
      closeSync(fd);
      const { stdout } = await promisify(execFile)('tar', ['--numeric-owner', '-tvf', path], {
        env: { LC_ALL: 'C', TZ: 'UTC' },
      });
      expect(stdout).to.match(/^-rwsr-xr-x 1\/2 +9663676421 2023-11-14 22:13 big$/m);
      expect(stdout).to.match(/ 2147483648\/4000000000 .* ids$/m);
      expect(stdout).to.match(/ 1969-12-31 00:00 old$/m);
      expect(stdout).to.match(/ dir\/$/m);
      expect(stdout).to.include('caf\\351 \\377\\376');
      expect(stdout.split('\n')).to.have.length(cases.length + 3);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
