import type { MachineCase } from '../../../helpers/cli/machine-case.ts';
import { extra, NO_DEFAULT, notRunning, unknown } from './messages.ts';

const one = { default: 'running' } as const;
const off = { a: 'stopped' } as const;
const socket = 'unix://HOME/machines/default/docker.sock';
/** Somebody else's engine: nobody listens there. */
const dead = { n: { driver: 'none', driverOptions: { url: 'tcp://127.0.0.1:1' } } };

/** What holds for every verb that needs a machine which runs. */
const needsRunning = (verb: string): MachineCase[] => [
  { line: verb, status: 1, err: NO_DEFAULT },
  { line: `${verb} nope`, given: one, status: 1, err: unknown('nope') },
  { line: `${verb} a`, given: off, status: 1, err: notRunning('a') },
  { line: verb, given: off, env: { WHERRY_MACHINE: 'a' }, status: 1, err: notRunning('a') },
  { line: `${verb} x`, given: { x: 'broken' }, status: 1, err: /^Docker machine "x" is broken/ },
  {
    line: `${verb} x`,
    given: { x: 'sick' },
    status: 1,
    err: /^Host is not running: machine "x" is broken: it was told to be/,
  },
  {
    line: `${verb} x`,
    given: { x: 'starting' },
    status: 1,
    err: /^Host is not running: machine "x" is starting/,
  },
  {
    line: `${verb} n`,
    given: dead,
    status: 1,
    err: /^Host is not running: machine "n" is broken: .*ECONNREFUSED/,
  },
];

export const CLIENT: readonly MachineCase[] = [
  ...['url', 'ip', 'config'].flatMap(needsRunning),
  { line: 'url', given: one, out: `${socket}\n` },
  { line: 'url default', given: one, out: `${socket}\n` },
  { line: 'url p', given: { p: 'paused' }, out: 'unix://HOME/machines/p/docker.sock\n' },
  {
    line: 'url default p',
    given: { ...one, p: 'paused' },
    out: `${socket}\nunix://HOME/machines/p/docker.sock\n`,
  },
  { line: 'ip', given: one, out: '127.0.0.1\n' },
  { line: 'ip default default', given: one, out: '127.0.0.1\n127.0.0.1\n' },
  { line: 'ip nope default', given: one, status: 1, out: '127.0.0.1\n', err: unknown('nope') },
  { line: 'config', given: one, out: `-H=${socket}\n` },
  { line: 'config default', given: one, out: `-H=${socket}\n` },
  { line: 'config default b', given: one, status: 1, err: extra('b') },
  { line: 'context', status: 1, err: NO_DEFAULT },
  { line: 'context nope', given: one, status: 1, err: unknown('nope') },
  { line: 'context default b', given: one, status: 1, err: extra('b') },
  { line: 'context x', given: { x: 'broken' }, status: 1, err: /^Docker machine "x" is broken/ },
  // Another home's machines carry its hash.
  { line: 'context a', given: off, out: /^wherry-a-[0-9a-f]{8}\n$/ },
  { line: 'context --use', given: one, out: /^wherry-default-[0-9a-f]{8}\n$/ },
  { line: 'active', status: 1, err: 'No active host found\n' },
  { line: 'active', given: one, status: 1, err: 'No active host found\n' },
  {
    line: 'active',
    given: one,
    env: { DOCKER_HOST: 'tcp://192.0.2.1:2375' },
    status: 1,
    err: 'No active host found\n',
  },
  { line: 'active', given: { ...one, ...off }, env: { DOCKER_HOST: socket }, out: 'default\n' },
  { line: 'active -t 5', given: one, env: { DOCKER_HOST: socket }, out: 'default\n' },
  {
    line: 'active',
    given: off,
    env: { DOCKER_HOST: 'unix://HOME/machines/a/docker.sock' },
    status: 1,
    err: 'No active host found\n',
  },
  { line: 'active x', given: one, status: 1, err: extra('x') },
  { line: 'version', out: /^wherry version \d+\.\d+\.\d+\n$/ },
  { line: 'version default', given: one, out: '28.5.2\n' },
  { line: 'version a', given: off, status: 1, err: notRunning('a') },
  { line: 'version nope', status: 1, err: unknown('nope') },
  { line: 'version a b', given: off, status: 1, err: extra('b') },
];
