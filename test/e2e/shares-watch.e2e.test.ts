import { expect } from 'chai';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { eventually } from '../helpers/eventually.ts';

/** Prints a letter and a name for each event (inotify(7)): made, changed, written, attributes, removed, moved from, to. */
const WATCH = String.raw`
import ctypes, os, struct
libc = ctypes.CDLL(None)
LETTERS = {0x2: 'c', 0x4: 'e', 0x8: 'w', 0x40: 'm', 0x80: 'y', 0x100: 'n', 0x200: 'd'}
fd = libc.inotify_init()
libc.inotify_add_watch(fd, b'/w', sum(LETTERS))
print('watching', flush=True)
while True:
    data, at = os.read(fd, 65536), 0
    while at < len(data):
        _, mask, _, length = struct.unpack_from('iIII', data, at)
        name = data[at + 16:at + 16 + length].rstrip(b'\0').decode()
        at += 16 + length
        for bit, letter in LETTERS.items():
            if mask & bit:
                print(letter, name, flush=True)
`;

/** Debian's static busybox has no inotifyd. */
const READ = "import os; print(sorted(os.listdir('/w')), open('/w/moved').read())";

describe("watchers in containers, of this computer's directories", () => {
  const name = 'e2e-share-watch';
  let directory: string;
  /** Waits for an event, in whatever order they come. */
  const seen = (event: string): Promise<string> =>
    eventually(
      async () => (await world().docker(['logs', name])).stdout,
      (log) => log.split('\n').includes(event),
      event,
    );

  before(async () => {
    directory = join(world().shared.writable, 'watched');
    mkdirSync(directory);
    writeFileSync(join(directory, 'old'), 'old\n');
    const words = ['run', '-d', '--name', name, '-v', `${directory}:/w`];
    await world().ok([...words, world().image('python:trixie'), '-c', WATCH]);
    await seen('watching');
  });
  after(async () => {
    await world().ok(['rm', '-f', name]);
  });

  it('see what is made, written, touched, moved and removed; nothing of it is done twice', async () => {
    writeFileSync(join(directory, 'new'), 'new\n');
    await seen('n new');
    appendFileSync(join(directory, 'old'), 'more\n');
    await seen('c old');
    await seen('w old');
    chmodSync(join(directory, 'old'), 0o600);
    await seen('e old');
    mkdirSync(join(directory, 'dir'));
    await seen('n dir');
    renameSync(join(directory, 'old'), join(directory, 'moved'));
    await seen('m old');
    await seen('y moved');
    rmSync(join(directory, 'new'));
    await seen('d new');
    rmSync(join(directory, 'dir'), { recursive: true });
    await seen('d dir');
    expect(readdirSync(directory)).to.deep.equal(['moved']);
    const read = await world().docker(['exec', name, 'python3', '-c', READ]);
    expect(read.stdout, read.stderr).to.equal("['moved'] old\nmore\n\n");
  });
});
