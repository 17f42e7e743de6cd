import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemErrorCode } from '../../../src/core/errors.ts';
import { runInProcess } from '../../helpers/cli/in-process.ts';
import { runProgram } from '../../helpers/process.ts';

const script = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'bin', 'run.js');

/** The real command line, in a home without machines but for one of the fake driver's. machine-grammar/ has docker-machine's. */
describe('the command line’s words', () => {
  let home: string;
  const env = () => ({ PATH: process.env['PATH'] ?? '', HOME: home, WHERRY_HOME: home, NO_COLOR: '1' });
  const wherry = (...args: string[]) => runInProcess(args, { env: env() });
  const program = (...args: string[]) => runProgram(process.execPath, [script, ...args], { env: env() });

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'wherry-words-'));
    const made = await wherry('machine', 'create', '-d', 'fake', '--no-start', 'kept');
    expect(made.status, made.stderr).to.equal(0);
  });
  after(() => rmSync(home, { recursive: true }));

  // [words, exit status, what is printed, where]
  const golden: readonly (readonly [string, number, RegExp])[] = [
    ['--version', 0, /^wherry version \d/],
    ['-h', 0, /Usage|USAGE/],
    ['run --help', 0, /run \[OPTIONS\] IMAGE/],
    [
      'constructor a',
      1,
      /^Error: 'constructor' is not a wherry command\n  What there is: {2}wherry --help\n$/,
    ],
    ['network sever x', 1, /^Error: 'network sever' is not .*\n  What there is: {2}wherry network --help\n$/],
    ['build .', 1, /^Error: wherry build is not implemented yet\n/],
    ['network', 0, /^Usage: wherry network \[OPTIONS\] COMMAND/],
    ['push', 1, /^Error: Missing 1 required arg: image/],
    ['login a b', 1, /^Error: Unexpected argument: b/],
    ['run --bogus busybox', 125, /Nonexistent flag: --bogus/],
    ['restart -t x y', 125, /^Error: Parsing --time Expected an integer but received: x\n/],
    ['run', 1, /requires at least 1 argument/],
    ['run --memory plenty busybox', 125, /invalid argument "plenty" for "-m, --memory" flag/],
    ['--machine arm machine stop', 1, /^Docker machine "arm" does not exist/],
    ['--machine kept machine status', 0, /^Stopped\n$/],
    ['machine set kept --engine-ca /none', 1, /^Error: --engine-ca: ENOENT.*\/none/],
    ['--machine ../.. ps', 1, /Error|does not exist/],
    ['login', 1, /^Error: Cannot perform an interactive login from a non TTY device\n$/],
    ['login --password-stdin', 1, /^Must provide --username with --password-stdin\n$/],
    [
      'login -u me -p x --password-stdin',
      1,
      /^WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n--password and --password-stdin are mutually exclusive\n$/,
    ],
    ['logout', 0, /^Removing login credentials for https:\/\/index.docker.io\/v1\/\n$/],
    ['ps --machine nope', 1, /Docker machine "nope" does not exist/],
  ];
  for (const [words, status, text] of golden) {
    it(`wherry ${words}`, async () => {
      const result = await wherry(...words.split(' '));
      expect(status === 0 ? result.stdout : result.stderr).to.match(text);
      expect(result.status).to.equal(status);
    });
  }

  it('prints and ends as a program of its own as it does here', async () => {
    for (const words of [
      ['machine', 'ls'],
      ['run', '--help'],
      ['machine', 'set', 'kept'],
      ['run', '--bogus', 'x'],
    ]) {
      const { status, stdout, stderr } = await program(...words);
      expect({ status, stdout, stderr }, words.join(' ')).to.deep.equal(await wherry(...words));
    }
  });

  it('keeps a machine whose removal nobody confirmed', async () => {
    const result = await wherry('machine', 'rm', 'kept');
    expect(result.status, result.stderr).to.equal(0);
    expect((await wherry('machine', 'ls', '-q')).stdout).to.equal('kept\n');
  });

  it('says which Node it needs, under an old one', async () => {
    const old = await runProgram('node', ['--version'], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    }).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (old === undefined || !/^v(1\d|20|21)\./.test(old.stdout)) return;
    const result = await runProgram('node', [script, 'ps'], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    });
    expect(result.status).to.equal(1);
    expect(result.stderr).to.match(/Wherry needs Node\.js 22\.18 or newer; this is v/);
  });
});
