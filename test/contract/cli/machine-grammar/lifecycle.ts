import type { MachineCase } from '../../../helpers/cli/machine-case.ts';
import { NO_DEFAULT, notRunning, step, unknown } from './messages.ts';

const one = { default: 'running' } as const;
const off = { default: 'stopped' } as const;
const two = { a: 'stopped', b: 'stopped' } as const;
const started = new RegExp(`^${step('Start')}$`);
const certs = 'Regenerating TLS certificates\n';
const certsMade = new RegExp(`^${step('Make new SSH keys')}$`);
const certsQuestion = 'Regenerate TLS machine certs?  Warning: this is irreversible. (y/n): ';

const START: readonly MachineCase[] = [
  { line: 'start', status: 1, err: NO_DEFAULT },
  { line: 'start', given: off, err: started, after: 'default Running' },
  { line: 'start', given: one, status: 1, err: 'Machine "default" is already running.\n' },
  { line: 'start', given: { p: 'paused' }, status: 1, err: NO_DEFAULT },
  { line: 'start p', given: { p: 'paused' }, status: 1, err: 'Machine "p" is already running.\n' },
  { line: 'start nope', given: one, status: 1, err: unknown('nope') },
  {
    line: 'start a b',
    given: two,
    err: new RegExp(`^(${step('Start')}){2}$`),
    after: 'a Running, b Running',
  },
  {
    line: 'start nope a',
    given: two,
    status: 1,
    err: new RegExp(`^Docker machine "nope" does not exist.*\n${step('Start')}$`),
    after: 'a Running, b Stopped',
  },
  {
    line: 'start a default b',
    given: { ...two, ...one },
    status: 1,
    err: /Machine "default" is already running\.\n/,
    after: 'a Running, b Running, default Running',
  },
  { line: 'start x', given: { x: 'broken' }, status: 1, err: /^Docker machine "x" is broken: machine\.json/ },
  {
    line: 'start x',
    given: { x: 'starting' },
    status: 1,
    err: /^Error: another wherry \(pid \d+, "machine start x"\) is working on it\n/,
  },
  {
    line: 'start x',
    given: { x: { driverOptions: { fail: 'start' } } },
    status: 1,
    err: /^Error: "x" did not boot: .*\n  The whole console: {2}wherry machine logs x\n$/,
    after: 'x Stopped',
  },
  { line: 'start --machine a', given: two, err: started, after: 'a Running, b Stopped' },
  { line: 'start', given: two, env: { WHERRY_MACHINE: 'b' }, err: started, after: 'a Stopped, b Running' },
  {
    line: 'start',
    given: two,
    env: { DOCKER_MACHINE_NAME: 'b' },
    err: started,
    after: 'a Stopped, b Running',
  },
  { line: 'start --bogus', given: off, status: 1, err: /^Error: Nonexistent flag: --bogus\n/ },
];

const END: readonly MachineCase[] = ['stop', 'kill'].flatMap((verb): MachineCase[] => {
  const title = verb === 'stop' ? 'Stop' : 'Kill';
  const ended = (name: string): RegExp => new RegExp(`^${step(`${title} "${name}"`)}$`);
  return [
    { line: verb, status: 1, err: NO_DEFAULT },
    { line: verb, given: one, err: ended('default'), after: 'default Stopped' },
    { line: verb, given: off, status: 1, err: 'Machine "default" is already stopped.\n' },
    { line: `${verb} p`, given: { p: 'paused' }, err: ended('p'), after: 'p Stopped' },
    { line: `${verb} nope`, status: 1, err: unknown('nope') },
    {
      line: `${verb} a b nope`,
      given: { a: 'running', b: 'stopped' },
      status: 1,
      err: new RegExp(
        `^${step(`${title} "a"`)}Machine "b" is already stopped\\.\\nDocker machine "nope" does not exist`,
      ),
      after: 'a Stopped, b Stopped',
    },
    { line: `${verb} x`, given: { x: 'stopping' }, status: 1, err: /^Error: another wherry \(pid \d+/ },
    { line: `${verb} x`, given: { x: 'broken' }, status: 1, err: /^Docker machine "x" is broken/ },
    { line: `${verb} -t 1 x`, given: one, status: 1, err: /^Error: Nonexistent flag: -t\n/ },
  ];
});

const RESTART: readonly MachineCase[] = [
  { line: 'restart', status: 1, err: NO_DEFAULT },
  {
    line: 'restart',
    given: one,
    err: new RegExp(`^${step('Stop "default"')}${step('Start')}$`),
    after: 'default Running',
  },
  { line: 'restart', given: off, err: started, after: 'default Running' },
  { line: 'restart a b', given: { a: 'running', b: 'stopped' }, err: /✔/, after: 'a Running, b Running' },
  { line: 'restart nope', status: 1, err: unknown('nope') },
  { line: 'restart p', given: { p: 'paused' }, err: /✔ Start/, after: 'p Running' },
];

const STATUS: readonly MachineCase[] = [
  { line: 'status', status: 1, err: NO_DEFAULT },
  { line: 'status', given: one, out: 'Running\n' },
  { line: 'status', given: off, out: 'Stopped\n' },
  { line: 'status p', given: { p: 'paused' }, out: 'Paused\n' },
  { line: 'status x', given: { x: 'starting' }, out: 'Starting\n' },
  { line: 'status x', given: { x: 'stopping' }, out: 'Stopping\n' },
  { line: 'status x', given: { x: 'sick' }, out: 'Error\n' },
  { line: 'status x', given: { x: 'broken' }, out: 'Error\n' },
  { line: 'status a default', given: { ...one, a: 'stopped' }, out: 'Stopped\nRunning\n' },
  { line: 'status nope default', given: one, status: 1, out: 'Running\n', err: unknown('nope') },
];

const OTHERS: readonly MachineCase[] = [
  { line: 'provision', status: 1, err: NO_DEFAULT },
  { line: 'provision', given: one, err: /✔ Stop[\s\S]*✔ Start/, after: 'default Running' },
  { line: 'provision', given: off, status: 1, err: notRunning('default') },
  { line: 'provision nope', status: 1, err: unknown('nope') },
  { line: 'regenerate-certs', status: 1, err: NO_DEFAULT },
  { line: 'regenerate-certs -f', given: off, out: certs, err: certsMade },
  { line: 'regenerate-certs --force --client-certs', given: off, out: certs, err: certsMade },
  { line: 'regenerate-certs', given: off, input: 'n\n', out: certsQuestion },
  { line: 'regenerate-certs', given: off, input: 'y\n', out: `${certsQuestion}${certs}`, err: certsMade },
  { line: 'regenerate-certs', given: off, input: '', out: certsQuestion },
  { line: 'regenerate-certs -f nope', status: 1, out: certs, err: unknown('nope') },
];

export const LIFECYCLE: readonly MachineCase[] = [...START, ...END, ...RESTART, ...STATUS, ...OTHERS];
