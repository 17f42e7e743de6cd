import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCRIPTS } from '../../../src/cli/completion/scripts.ts';
import { debianTools } from '../../helpers/debian-tools.ts';
import { runProgram } from '../../helpers/process.ts';

/**
 * The shells' own halves, run by the shells: what they ask `wherry __complete`, and what they make of its answer. The
 * program is one that notes what it is asked; completion.contract.test.ts has the real one.
 */
describe('completion in zsh and fish', () => {
  let home: string;
  let binDir: string;
  before(async () => {
    ({ binDir } = await debianTools(['zsh', 'fish']));
    home = mkdtempSync(join(tmpdir(), 'wherry-shells-'));
    writeFileSync(
      join(home, 'wherry'),
      `#!/bin/sh
[ "$1" = __complete ] && shift
printf '<%s>' "$@" >> ${home}/asked
printf '\\n' >> ${home}/asked
case "$*" in
  'machine sta') printf 'start\\nstatus\\n' ;;
  *'--') printf -- '--help\\n--quiet\\n' ;;
  *'my m') printf 'my machine\\n' ;;
esac
`,
      { mode: 0o755 },
    );
    for (const shell of ['zsh', 'fish']) writeFileSync(join(home, shell), SCRIPTS.get(shell) ?? '');
  });
  after(() => rmSync(home, { recursive: true }));

  const run = async (shell: string, args: readonly string[]): Promise<string[]> => {
    rmSync(join(home, 'asked'), { force: true });
    const env = { PATH: `${home}:/usr/bin:/bin`, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home };
    const { status, stdout, stderr } = await runProgram(join(binDir, shell), args, { env, cwd: home });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    return stdout.trimEnd().split('\n');
  };
  const asked = (): string[] => readFileSync(join(home, 'asked'), 'utf8').trimEnd().split('\n');

  it('zsh: asks for the words up to the cursor, and takes each line for one candidate', async () => {
    // What zsh's completion system is to such a function: two variables, and three functions of its own.
    const script = `
      compdef() { print "compdef $*" }
      compadd() { shift; for word in "$@"; do print "[$word]"; done }
      _files() { print files }
      source ${home}/zsh
      words=(wherry machine sta); CURRENT=3; _wherry
      words=(wherry machine ls -- behind); CURRENT=4; _wherry
      words=(wherry machine stop 'my m'); CURRENT=4; _wherry
      words=(wherry cp ''); CURRENT=3; _wherry
    `;
    expect(await run('zsh', ['-f', '-c', script])).to.deep.equal([
      'compdef _wherry wherry',
      '[start]',
      '[status]',
      '[--help]',
      '[--quiet]',
      '[my machine]',
      'files',
    ]);
    expect(asked()).to.deep.equal(['<machine><sta>', '<machine><ls><-->', '<machine><stop><my m>', '<cp><>']);
  });

  it('fish: completes through its own complete', async () => {
    const lines = ['wherry machine sta', 'wherry machine ls --', 'wherry cp '];
    const script = [
      `source ${home}/fish`,
      ...lines.map((line) => `complete -C '${line}' | string split -f 1 \\t; echo end`),
    ].join('\n');
    const printed = await run('fish', ['-N', '-c', script]);
    expect(printed.slice(0, 6)).to.deep.equal(['start', 'status', 'end', '--help', '--quiet', 'end']);
    // Where wherry has nothing to say, fish completes files.
    expect(printed.slice(6)).to.include('asked');
    expect(asked()).to.deep.equal(['<machine><sta>', '<machine><ls><-->', '<cp><>']);
  });
});
