import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { packLocal } from '../../../src/cli/copy/pack.ts';
import { copyBetween } from '../../../src/cli/machine/scp/copy.ts';
import { RemoteEnd, type OpenShell } from '../../../src/cli/machine/scp/remote-end.ts';
import { shellWord } from '../../../src/cli/machine/scp/shell-word.ts';
import { unpackScript } from '../../../src/cli/machine/scp/unpack-script.ts';
import { messageOf } from '../../../src/core/errors.ts';

/** Machines are directories here, and their shells this computer's. */
describe('machine scp', () => {
  let root: string;
  let here: string;
  let abort: AbortController;
  beforeEach(() => {
    abort = new AbortController();
    root = mkdtempSync(join(tmpdir(), 'wherry-scp-'));
    for (const name of ['m1', 'm2', 'here']) mkdirSync(join(root, name));
    here = join(root, 'here');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const shellOf =
    (machine: string): OpenShell =>
    (command) => {
      const child = spawn('sh', ['-c', command], { cwd: join(root, machine) });
      child.stdin.on('error', () => undefined); // a command that ends early
      const exited = once(child, 'close').then(([code]) => ({
        kind: 'exited' as const,
        code: code as number,
      }));
      const { stdin, stdout, stderr } = child;
      const process = { stdin, stdout, stderr, exited, resize: () => undefined, signal: () => undefined };
      return Promise.resolve({ process, close: () => undefined });
    };
  const scp = (from: string, to: string, recursive = false): Promise<string> =>
    copyBetween({ from, to, recursive, skipped: () => undefined, signal: abort.signal }, shellOf).then(
      () => 'copied',
      (error: unknown) => messageOf(error),
    );
  const read = (...parts: string[]): string => readFileSync(join(root, ...parts), 'utf8');
  const tree = (): void => {
    mkdirSync(join(here, 'd', 'sub'), { recursive: true });
    writeFileSync(join(here, 'd', 'sub', 'f'), 'deep');
    symlinkSync('sub/f', join(here, 'd', 'link'));
  };

  it('copies a file, under its name or another, with its mode, whatever it is called', async () => {
    const odd = `it's "odd" $HOME -x`;
    writeFileSync(join(here, odd), 'content');
    chmodSync(join(here, odd), 0o750);
    expect(await scp(join(here, odd), 'm1:')).to.equal('copied');
    expect(read('m1', odd)).to.equal('content');
    expect(statSync(join(root, 'm1', odd)).mode & 0o777).to.equal(0o750);
    expect(await scp(join(here, odd), 'root@m1:~/b')).to.equal('copied');
    expect(await scp('m1:b', 'm2:c')).to.equal('copied');
    expect(await scp(`m1:${odd}`, join(here, 'back'))).to.equal('copied');
    expect([read('m2', 'c'), read('here', 'back')]).to.deep.equal(['content', 'content']);
    writeFileSync(join(here, 'new'), 'newer');
    expect(await scp(join(here, 'new'), 'm1:b')).to.equal('copied');
    expect(read('m1', 'b')).to.equal('newer');
    expect(readdirSync(join(root, 'm1')).sort()).to.deep.equal(['b', odd]);
  });

  it('copies a directory with -r only: into one that is there, as a new one, or what is in it', async () => {
    tree();
    const directory = join(here, 'd');
    expect(await scp(directory, 'm1:')).to.equal(
      `scp: ${directory}: not a regular file (directories need -r)`,
    );
    expect(await scp(directory, 'm1:.', true)).to.equal('copied');
    expect(await scp(directory, 'm1:e', true)).to.equal('copied');
    expect(await scp(`${directory}/.`, 'm1:new', true)).to.equal('copied');
    for (const name of ['d', 'e', 'new']) expect(read('m1', name, 'sub', 'f'), name).to.equal('deep');
    expect(await scp('m1:d', 'm2:d2', true)).to.equal('copied');
    expect(await scp('m2:d2', here, true)).to.equal('copied');
    expect(read('here', 'd2', 'link')).to.equal('deep');
    // Once more: they go together.
    writeFileSync(join(root, 'm1', 'd', 'own'), 'stays');
    expect(await scp(directory, 'm1:.', true)).to.equal('copied');
    expect([read('m1', 'd', 'own'), read('m1', 'd', 'sub', 'f')]).to.deep.equal(['stays', 'deep']);
  });

  it('says what can’t be', async () => {
    tree();
    expect(await scp('m1:none', here)).to.equal('scp: m1:none: No such file or directory');
    expect(await scp(join(here, 'none'), 'm1:')).to.contain('no such file or directory');
    expect(await scp('a', 'b')).to.equal('neither "a" nor "b" is of a machine (NAME:PATH)');
    expect(await scp('me@m1:x', here)).to.equal('"me@m1:x": machines have no account "me", only root');
    writeFileSync(join(root, 'm1', 'file'), 'x');
    expect(await scp(join(here, 'd'), 'm1:file', true)).to.equal('cannot copy directory');
    expect(await scp('m1:file', 'm2:none/x')).to.match(/^scp: m2:none\/x: .*(?:no such file|No such file)/i);
    expect(readdirSync(join(root, 'm2'))).to.deep.equal([]);
  });

  it('follows a link that is named, at either end, and nothing is an option', async () => {
    const [m1, m2] = [join(root, 'm1'), join(root, 'm2')];
    mkdirSync(join(m1, 'real'));
    writeFileSync(join(m1, 'real', 'content'), 'of the file');
    symlinkSync('real/content', join(m1, 'link'));
    symlinkSync('real', join(m1, 'dir'));
    expect(await scp('m1:link', here)).to.equal('copied');
    expect(await scp('m1:link', 'm2:-x')).to.equal('copied');
    expect(await scp('m2:-x', join(here, 'y'))).to.equal('copied');
    expect(await scp('m1:dir', here, true)).to.equal('copied');
    for (let times = 0; times < 2; times++) expect(await scp('m1:dir', 'm2:.', true)).to.equal('copied');
    for (const copy of ['here/link', 'm2/-x', 'here/y', 'here/dir/content', 'm2/dir/content'])
      expect([read(copy), lstatSync(join(root, copy)).isFile()], copy).to.deep.equal(['of the file', true]);
    expect(await scp('m1:..', here, true)).to.match(/has no name/);
    // Through links there, and below names with a dash.
    mkdirSync(join(m2, '-d'));
    symlinkSync('-d/new', join(m2, 'to'));
    symlinkSync('none/x', join(m2, 'nowhere'));
    expect(await scp('m1:link', 'm2:to')).to.equal('copied');
    expect([read('m2', '-d', 'new'), lstatSync(join(m2, 'to')).isSymbolicLink()]).to.deep.equal([
      'of the file',
      true,
    ]);
    expect(await scp('m1:link', 'm2:-d')).to.equal('copied');
    expect(readdirSync(join(m2, '-d')).sort()).to.deep.equal(['link', 'new']);
    expect(await scp('m1:link', 'm2:nowhere')).to.match(/^scp: m2:nowhere: .*leads nowhere/);
  });

  it('says what went wrong here, and leaves nothing half done there', async () => {
    tree();
    const end = new RemoteEnd(shellOf('m1'), 'm1', 'x', abort.signal);
    const failing = (end: () => void) => ({
      isDirectory: true,
      async *pack() {
        const whole: Buffer[] = [];
        for await (const piece of packLocal(join(here, 'd'), '.', (name) => name)) whole.push(piece);
        yield Buffer.concat(whole).subarray(0, -2 * 512);
        end();
      },
    });
    const unreadable = failing(() => {
      throw new Error('EACCES: d/secret');
    });
    expect(await end.unpack(unreadable, 'new').catch(messageOf)).to.equal('EACCES: d/secret');
    expect(
      await end
        .unpack(
          failing(() => undefined),
          'new',
        )
        .catch(messageOf),
    ).to.match(/ends too early/);
    const aborted = failing(() => abort.abort());
    expect(await end.unpack(aborted, 'new').catch((error: Error) => error.name)).to.equal('AbortError');
    expect(readdirSync(join(root, 'm1'))).to.deep.equal([]);
  });

  for (const unpack of [join('m1', 'new'), join('m1', 'there')]) {
    it(`takes no archive that ended early for a whole one: ${unpack}`, async () => {
      tree();
      mkdirSync(join(root, 'm1', 'there'));
      const { process } = await shellOf('.')(unpackScript(unpack, true, '.seal'));
      const complaint = text(process.stderr);
      // As busybox's tar takes it: an end between two members.
      for await (const piece of packLocal(join(here, 'd'), '.', (name) => name)) process.stdin.write(piece);
      process.stdin.end();
      expect(await process.exited).to.deep.equal({ kind: 'exited', code: 1 });
      expect(await complaint).to.equal('the archive ended early\n');
      expect(readdirSync(join(root, 'm1'))).to.deep.equal(['there']);
    });
  }

  it('quotes for a shell', () => {
    expect(shellWord(`a'b c`)).to.equal(String.raw`'a'\''b c'`);
  });
});
