import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
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
import { copyBetween } from '../../../src/cli/machine/scp/copy.ts';
import { shellWord, type OpenShell } from '../../../src/cli/machine/scp/remote-end.ts';
import { messageOf } from '../../../src/core/errors.ts';

/** Machines are directories here, and their shells this computer's. */
describe('machine scp', () => {
  let root: string;
  let here: string;
  beforeEach(() => {
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
    copyBetween({ from, to, recursive, skipped: () => undefined }, shellOf).then(
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

  it('quotes for a shell', () => {
    expect(shellWord(`a'b c`)).to.equal(String.raw`'a'\''b c'`);
  });
});
