import type { MachineCase } from '../../../helpers/cli/machine-case.ts';

const about = (...names: string[]): string =>
  `About to remove ${names.join(', ')}\nWARNING: This action will delete both local reference and remote instance.\n`;
const question = 'Are you sure? (y/n): ';
const gone = (name: string): string => `Successfully removed ${name}\n`;
const missing = (name: string): string =>
  `Error removing host "${name}": Docker machine "${name}" does not exist.\n`;

export const RM: readonly MachineCase[] = [
  { line: 'rm', status: 1, err: 'Error: Expected to get one or more machine names as arguments\n' },
  { line: 'rm -f', status: 1, err: 'Error: Expected to get one or more machine names as arguments\n' },
  {
    line: 'rm',
    given: { default: 'stopped' },
    status: 1,
    err: /Expected to get one or more/,
    after: 'default Stopped',
  },
  { line: 'rm a', given: { a: 'stopped' }, input: 'n\n', out: about('a') + question, after: 'a Stopped' },
  { line: 'rm a', given: { a: 'stopped' }, input: '', out: about('a') + question, after: 'a Stopped' },
  { line: 'rm a', given: { a: 'stopped' }, input: 'maybe\n', out: about('a') + question, after: 'a Stopped' },
  { line: 'rm a', given: { a: 'stopped' }, input: 'y\n', out: about('a') + question + gone('a'), after: '' },
  { line: 'rm a', given: { a: 'running' }, input: 'Y\n', out: about('a') + question + gone('a'), after: '' },
  { line: 'rm -y a', given: { a: 'running' }, out: about('a') + gone('a'), after: '' },
  { line: 'rm -f a', given: { a: 'running' }, out: about('a') + gone('a'), after: '' },
  { line: 'rm a -f', given: { a: 'paused' }, out: about('a') + gone('a'), after: '' },
  {
    line: 'rm -f a b',
    given: { a: 'running', b: 'stopped', c: 'stopped' },
    out: about('a', 'b') + gone('a') + gone('b'),
    after: 'c Stopped',
  },
  { line: 'rm -f nope', status: 1, out: about('nope'), err: missing('nope') },
  { line: 'rm -y nope', status: 1, out: about('nope'), err: missing('nope') },
  {
    line: 'rm -y nope a',
    given: { a: 'stopped' },
    status: 1,
    out: about('nope', 'a') + gone('a'),
    err: missing('nope'),
    after: '',
  },
  {
    line: 'rm -y x',
    given: { x: 'broken' },
    status: 1,
    out: about('x'),
    err: /^Docker machine "x" is broken: [\s\S]*remove the machine with: wherry machine rm -f x\n$/,
  },
  { line: 'rm -f x', given: { x: 'broken' }, out: about('x') + gone('x'), after: '' },
  { line: 'rm -f x', given: { x: 'sick' }, out: about('x') + gone('x'), after: '' },
  {
    line: 'rm -f x',
    given: { x: { driver: 'gone' } },
    out: about('x') + gone('x'),
    err: /^"x" goes, though its driver could not remove it: Driver "gone" not found/,
    after: '',
  },
  { line: 'rm -f x', given: { x: 'starting' }, status: 1, out: about('x'), err: /^Error: another wherry/ },
  { line: 'rm -f ../..', status: 1, out: about('../..'), err: missing('../..') },
];
