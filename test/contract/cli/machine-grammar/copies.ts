import type { MachineCase } from '../../../helpers/cli/machine-case.ts';
import { extra, NO_DEFAULT, step, unknown } from './messages.ts';

const off = { a: 'stopped' } as const;
const on = { a: 'running' } as const;
const exactly = (text: string): RegExp => new RegExp(`^${text}$`);
const notOff = (what: string): string =>
  `Error: ${what}: machine "a" is not stopped, and its disk is written to\n  Stop it first:  wherry machine stop a\n`;
const none = { n: { driver: 'none', driverOptions: { url: 'tcp://127.0.0.1:1' } } };
const noSnapshot = 'Error: machine "a" has no snapshot "s"\n  See:  wherry machine snapshot ls a\n';

const CLONE: readonly MachineCase[] = [
  { line: 'clone', status: 1, err: /^Error: clone needs two names/ },
  { line: 'clone a', given: off, status: 1, err: /^Error: clone needs two names/ },
  { line: 'clone a b c', given: off, status: 1, err: extra('c') },
  { line: 'clone nope b', status: 1, err: unknown('nope') },
  { line: 'clone a a', given: off, status: 1, err: 'Docker machine "a" already exists\n' },
  { line: 'clone a b_c', given: off, status: 1, err: /^Error creating machine: Invalid hostname/ },
  { line: 'clone a b', given: on, status: 1, err: notOff('clone'), after: 'a Running' },
  { line: 'clone x b', given: { x: 'broken' }, status: 1, err: /^Docker machine "x" is broken/ },
  { line: 'clone n b', given: none, status: 1, err: /^Error: clone: machine "n" has the driver "none"/ },
  {
    line: 'clone a b',
    given: off,
    out: 'b\n',
    err: exactly(step('Clone "a"')),
    after: 'a Stopped, b Stopped',
  },
];

const SNAPSHOT: readonly MachineCase[] = [
  { line: 'snapshot create', status: 1, err: /^Error: No machine name specified/ },
  { line: 'snapshot create a b c', given: off, status: 1, err: extra('c') },
  { line: 'snapshot create nope', status: 1, err: unknown('nope') },
  { line: 'snapshot create a s', given: on, status: 1, err: notOff('snapshot') },
  { line: 'snapshot create a s_1', given: off, status: 1, err: /^Error: "s_1" is not a snapshot's name/ },
  { line: 'snapshot create a s', given: off, out: 's\n', err: exactly(step('Snapshot "a"')) },
  { line: 'snapshot create a', given: off, out: /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\n$/, err: /Snapshot "a"/ },
  { line: 'snapshot ls', status: 1, err: NO_DEFAULT },
  { line: 'snapshot ls a', given: off, out: 'NAME      CREATED   DISK      SIZE\n' },
  { line: 'snapshot ls -q a', given: off, out: '' },
  { line: 'snapshot ls a b', given: off, status: 1, err: extra('b') },
  { line: 'snapshot restore a', given: off, status: 1, err: /^Error: restore needs two names/ },
  { line: 'snapshot restore nope s', status: 1, err: unknown('nope') },
  { line: 'snapshot restore -y a s', given: on, status: 1, err: notOff('restore') },
  { line: 'snapshot restore -y a s', given: off, status: 1, err: noSnapshot },
  { line: 'snapshot restore a s', given: off, input: 'n\n', out: /Restore "s"\? \(y\/n\): / },
  { line: 'snapshot rm a', given: off, status: 1, err: /^Error: rm needs a machine and snapshots of it/ },
  { line: 'snapshot rm a s', given: off, status: 1, err: noSnapshot },
  { line: 'snapshot rm nope s', status: 1, err: unknown('nope') },
];

const current = 'Machine "a" is already up to date.\n';
const UPGRADE: readonly MachineCase[] = [
  { line: 'upgrade', status: 1, err: NO_DEFAULT },
  { line: 'upgrade nope', status: 1, err: unknown('nope') },
  { line: 'upgrade a', given: on, err: current, after: 'a Running' },
  { line: 'upgrade a', given: off, err: exactly(current + step('Start')), after: 'a Running' },
  {
    line: 'upgrade nope a',
    given: off,
    status: 1,
    err: exactly(unknown('nope') + current + step('Start')),
    after: 'a Running',
  },
  {
    line: 'upgrade n',
    given: none,
    status: 1,
    err: /^Error: machine "n" has the driver "none": somebody else/,
  },
];

export const COPIES: readonly MachineCase[] = [...CLONE, ...SNAPSHOT, ...UPGRADE];
