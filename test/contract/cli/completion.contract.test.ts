import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../helpers/process.ts';

const run = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'bin', 'run.js');

describe('completion in bash', () => {
  let home: string;
  const env = () => ({
    PATH: `${home}:${process.env['PATH']}`,
    HOME: home,
    WHERRY_HOME: home,
    NODE: process.execPath,
  });
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'wherry-completion-'));
    writeFileSync(join(home, 'wherry'), `#!/bin/sh\nexec "$NODE" ${run} "$@"\n`, { mode: 0o755 });
    const made = await runProgram('wherry', ['machine', 'create', '-d', 'fake', '--no-start', 'kept'], {
      env: env(),
    });
    expect(made.status, made.stderr).to.equal(0);
  });
  after(() => rmSync(home, { recursive: true }));

  it('finds verbs, flags and names; nothing where a machine doesn’t run', async () => {
    const lines = ['machine sta', 'machine stop k', 'machine set --engine-ca-', 'rm ', 'no such '];
    const complete = lines.map((line) => {
      const words = ['wherry', ...line.split(' ')];
      return `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _wherry; echo "\${COMPREPLY[*]}"`;
    });
    const script = ['source <(wherry completion bash)', ...complete].join('\n');
    const { status, stdout, stderr } = await runProgram('bash', ['--norc', '-c', script], { env: env() });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout.split('\n')).to.deep.equal([
      'start status',
      'kept',
      '--engine-ca-add --engine-ca-rm',
      '',
      '',
      '',
    ]);
  });

  it('knows its shells', async () => {
    for (const shell of ['zsh', 'fish', 'powershell']) {
      const { stdout } = await runProgram('wherry', ['completion', shell], { env: env() });
      expect(stdout).to.contain(`# wherry completion ${shell}: put`).and.contain(' __complete ');
    }
    const other = await runProgram('wherry', ['completion', 'tcsh'], { env: env() });
    expect(other.status).not.to.equal(0);
    expect(other.stderr).to.match(/tcsh/);
  });
});
