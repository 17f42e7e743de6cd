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

describe("watchers in containers, of this computer's directories", () => {
  const name = 'e2e-share-watch';
  let directory: string;
  const events = async (): Promise<string[]> =>
    (await world().docker(['logs', name])).stdout.trim().split('\n');
  /** busybox's letters: n made, c written, w closed, e touched, d removed, m moved from here, y moved to here. */
  const seen = (event: string, file: string): Promise<string[]> =>
    eventually(events, (lines) => lines.includes(`${event}\t/w\t${file}`), `${event} of ${file}`);

  before(async () => {
    directory = join(world().shared.writable, 'watched');
    mkdirSync(directory);
    writeFileSync(join(directory, 'old'), 'old\n');
    const words = ['run', '-d', '--name', name, '-v', `${directory}:/w`];
    await world().ok([...words, world().image('busybox'), 'inotifyd', '-', '/w:cewnymd']);
    // It says nothing when it begins to watch.
    let probes = 0;
    await eventually(
      async () => {
        writeFileSync(join(directory, `probe${(probes += 1)}`), '');
        return events();
      },
      (lines) => lines.some((line) => line.startsWith('n\t/w\tprobe')),
      'the watcher to see anything',
    );
  });
  after(async () => {
    await world().ok(['rm', '-f', name]);
  });

  it('see what is made, written, touched, moved and removed, and nothing of it is done twice', async () => {
    writeFileSync(join(directory, 'new'), 'new\n');
    await seen('n', 'new');
    appendFileSync(join(directory, 'old'), 'more\n');
    await seen('c', 'old');
    await seen('w', 'old');
    chmodSync(join(directory, 'old'), 0o600);
    await seen('e', 'old');
    mkdirSync(join(directory, 'dir'));
    await seen('n', 'dir');
    renameSync(join(directory, 'old'), join(directory, 'moved'));
    await seen('m', 'old');
    await seen('y', 'moved');
    rmSync(join(directory, 'new'));
    await seen('d', 'new');
    rmSync(join(directory, 'dir'), { recursive: true });
    await seen('d', 'dir');
    const there = readdirSync(directory).filter((entry) => !entry.startsWith('probe'));
    expect(there).to.deep.equal(['moved']);
    const read = await world().docker(['exec', name, 'sh', '-c', 'cat /w/moved; ls /w | grep -v probe']);
    expect(read.stdout).to.equal('old\nmore\nmoved\n');
  });
});
