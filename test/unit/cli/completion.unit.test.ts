import { expect } from 'chai';
import { candidates, type CompletableCommand } from '../../../src/cli/completion/candidates.ts';

const option = { type: 'option' };
const boolean = { type: 'boolean' };
const commands: CompletableCommand[] = [
  {
    id: 'run',
    hidden: false,
    flags: { env: { ...option, char: 'e' }, rm: boolean, old: { ...boolean, hidden: true } },
  },
  { id: 'rm', hidden: false, flags: { force: { ...boolean, char: 'f' } } },
  { id: 'ps', hidden: false, flags: {} },
  { id: '__complete', hidden: true, flags: {} },
  { id: 'container:prune', hidden: false, flags: {} },
  { id: 'machine:ls', hidden: false, flags: { quiet: { ...boolean, char: 'q' } } },
  { id: 'machine:stop', hidden: false, flags: {} },
  { id: 'machine:image:ls', hidden: false, flags: {} },
];

describe('completion', () => {
  const cases: readonly (readonly [string, readonly string[], string?])[] = [
    ['', ['container', 'machine', 'ps', 'rm', 'run']],
    ['r', ['rm', 'run']],
    ['=r', ['rm', 'run']],
    ['machine ', ['image', 'ls', 'stop']],
    ['machine s', ['stop']],
    ['machine image ', ['ls']],
    ['container r', ['remove', 'rename', 'restart', 'rm', 'run']],
    ['container rm ', [], 'container'],
    ['machine stop ', [], 'machine'],
    ['machine stop a ', [], 'machine'],
    ['machine ls --', ['--help', '--quiet']],
    ['run --', ['--env', '--help', '--rm']],
    ['run -e ', []],
    ['run --rm --env ', []],
    ['run --rm ', [], 'image'],
    ['container run --e', ['--env']],
    ['rm -f ', [], 'container'],
    ['nothing ', []],
    ['machine nothing x ', []],
    ['__complete', []],
  ];
  for (const [line, words, named] of cases) {
    it(JSON.stringify(line), () => {
      expect(candidates(line.split(' '), commands)).to.deep.equal({ words, named });
    });
  }
});
