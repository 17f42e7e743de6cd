import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import type { Finished } from '../helpers/process.ts';
import { saidBy, wordsOf, type Closeness, type Said } from './matrix/ask.ts';
import { ROWS } from './matrix/rows.ts';

interface Side {
  readonly name: string;
  readonly directory: string;
  /** In its own network. */
  readonly address: string;
  readonly own: Readonly<Record<string, string>>;
  ask(words: readonly string[]): Promise<Finished>;
}

const closenessOf = (comment: string | undefined): Closeness =>
  comment === 'shape' || comment === 'status' ? comment : 'words';

/** Every command and flag through both clients, on the same engine. */
describe('the stock docker CLI and ours', () => {
  const sides: Side[] = [];

  before(async () => {
    const image = world().image('busybox');
    await world().ok(['pull', '-q', image]);
    for (const [octet, name] of ['ours', 'docker'].entries()) {
      const directory = mkdtempSync(join(tmpdir(), 'wherry-matrix-'));
      writeFileSync(join(directory, 'env.list'), '# a comment\nFROM_FILE=1\n');
      writeFileSync(join(directory, 'labels.list'), 'from=file\n');
      writeFileSync(join(directory, 'file.txt'), 'text\n');
      const ask = (words: readonly string[]): Promise<Finished> =>
        name === 'ours'
          ? world().wherry(words, { cwd: directory })
          : world().docker(words, { cwd: directory });
      const names = ['run', 'ended', 'net', 'vol'].map((what): [string, string] => [
        what,
        `mx-${name}-${what}`,
      ]);
      const own = { ...Object.fromEntries(names), image };
      sides.push({ name, directory, address: `10.77.1${octet}.77`, own, ask });
      const { run = '', ended = '', net = '', vol = '' } = Object.fromEntries(names);
      await world().ok(['network', 'create', '--subnet', `10.77.1${octet}.0/24`, net]);
      await world().ok(['volume', 'create', vol]);
      await world().ok(['run', '-d', '--name', run, image, 'sleep', '100000']);
      await world().ok(['run', '--name', ended, image, 'sh', '-c', 'echo one; echo two; echo bad >&2']);
    }
  });
  after(async () => {
    for (const { own, directory } of sides) {
      await world().wherry(['rm', '-f', own['run'] ?? '', own['ended'] ?? '']);
      await world().wherry(['network', 'rm', own['net'] ?? '']);
      await world().wherry(['volume', 'rm', own['vol'] ?? '']);
      rmSync(directory, { recursive: true, force: true });
    }
  });

  const answers = async (
    side: Side,
    row: string | readonly string[],
    at: number,
  ): Promise<[string, Said][]> => {
    const own: Record<string, string> = { ...side.own, n: `mx-${side.name}-${at}` };
    const said: [string, Said][] = [];
    for (const line of typeof row === 'string' ? [row] : row) {
      const [command = '', comment] = line.split(' # ');
      const values: Record<string, string> = { ...own, address: side.address };
      const words = wordsOf(command).map((word) =>
        word.replaceAll(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all),
      );
      said.push([line, saidBy(await side.ask(words), own, closenessOf(comment))]);
    }
    return said;
  };

  let at = 0;
  for (const [group, rows] of Object.entries(ROWS)) {
    describe(group, () => {
      for (const row of rows) {
        at += 1;
        const number = at;
        it(typeof row === 'string' ? row : row.join(' && '), async () => {
          const [ours, docker] = sides;
          if (ours === undefined || docker === undefined) throw new Error('the sides are not set up');
          const [expected, got] = await Promise.all([
            answers(docker, row, number),
            answers(ours, row, number),
          ]);
          expect(got).to.deep.equal(expected);
        });
      }
    });
  }
});
