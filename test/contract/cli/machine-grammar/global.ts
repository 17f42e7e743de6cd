import type { MachineCase } from '../../../helpers/cli/machine-case.ts';
import { NO_DEFAULT, unknown } from './messages.ts';

const one = { default: 'running' } as const;

const usage = /^Usage: wherry machine [\s\S]*Create and manage machines running Docker/;

/** docker-machine's verbs, and what Wherry adds. */
const VERBS =
  'active config context create env inspect ip kill logs ls provision prune regenerate-certs restart rm scp set ssh start status stop url version';

const FLAGS: readonly MachineCase[] = [
  { line: '-D status', given: one, out: 'Running\n' },
  { line: '--debug status', given: one, out: 'Running\n' },
  {
    line: '--debug inspect nope',
    status: 1,
    err: new RegExp(`^${unknown('nope')}WherryError: [\\s\\S]*at .*machine-store`),
  },
  { line: 'wherry -D machine status', given: one, out: 'Running\n' },
  { line: 'wherry -D machine -D status', given: one, out: 'Running\n' },
  { line: '-s HOME/other status', given: one, status: 1, err: NO_DEFAULT },
  { line: '--storage-path HOME/other ls -q', given: one, out: '' },
  { line: '--storage-path=HOME/other ls -q', given: one, out: '' },
  { line: '--storage-path HOME ls -q', given: one, env: { WHERRY_HOME: 'HOME/other' }, out: 'default\n' },
  { line: '--storage-path', status: 1, err: 'flag needs an argument: --storage-path\n' },
  { line: '-s', status: 1, err: 'flag needs an argument: -s\n' },
  { line: '--native-ssh status', given: one, out: 'Running\n' },
  { line: '--github-api-token abc status', given: one, out: 'Running\n' },
  { line: '--bugsnag-api-token=abc status', given: one, out: 'Running\n' },
  {
    line: '--tls-ca-cert a --tls-ca-key b --tls-client-cert c --tls-client-key d status',
    given: one,
    out: 'Running\n',
  },
  { line: '-D -s HOME --native-ssh --tls-ca-cert x ls -q', given: one, out: 'default\n' },
  { line: '--tls-ca-cert', status: 1, err: 'flag needs an argument: --tls-ca-cert\n' },
  { line: '--bogus status', given: one, status: 1, err: /^flag provided but not defined: -bogus\n/ },
  { line: '-x status', given: one, status: 1, err: /^flag provided but not defined: -x\n/ },
  { line: 'wherry --bogus ps', status: 125, err: /^unknown flag: --bogus\n/ },
  {
    line: '--machine a status',
    given: { ...one, a: 'stopped' },
    env: { WHERRY_MACHINE: 'default' },
    out: 'Stopped\n',
  },
  { line: 'wherry --machine a machine status', given: { ...one, a: 'stopped' }, out: 'Stopped\n' },
  { line: 'bogus', status: 1, err: /^Error: 'machine bogus' is not a wherry command\n/ },
  { line: 'constructor', status: 1, err: /^Error: 'machine constructor' is not a wherry command\n/ },
];

const HELP: readonly MachineCase[] = [
  { line: '', out: usage },
  { line: '-h', out: usage },
  { line: '--help', out: usage },
  { line: 'help', out: usage },
  { line: '-v', out: /^wherry version \d/ },
  { line: '--version', out: /^wherry version \d/ },
  { line: 'help ls', out: /machine ls[\s\S]*--filter/ },
  { line: 'help bogus', status: 1, err: /'machine bogus' is not a wherry command/ },
  ...VERBS.split(' ').flatMap((verb): MachineCase[] => [
    { line: `${verb} -h`, out: new RegExp(`machine ${verb}`) },
    { line: `${verb} --help`, out: new RegExp(`machine ${verb}`) },
  ]),
  // Behind the name, `-h` is the command's in the machine.
  { line: 'ssh default -h', given: one, status: 1, err: /gives no SSH access/ },
  { line: 'create -d fake -h', out: /--fake-engine-socket/ },
  { line: 'create -d none -h', out: /--url=/ },
  { line: 'create -d qemu -h', out: /--qemu-accel=[\s\S]*auto\|kvm\|hvf\|whpx\|tcg/ },
];

export const GLOBAL: readonly MachineCase[] = [...FLAGS, ...HELP];
