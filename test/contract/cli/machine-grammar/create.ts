import type { MachineCase } from '../../../helpers/cli/machine-case.ts';
import { extra, step } from './messages.ts';

const done = (name: string): string =>
  `To see how to connect your Docker Client to the Docker Engine running on this virtual machine, run: wherry machine env ${name}\n`;
const made = (name: string): string => step('Check this computer') + step(`Create "${name}"`);
const exactly = (text: string): RegExp => new RegExp(`^${text}$`);
const badName =
  'Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -\n';
const ignored = (what: string): string =>
  `Note: ${what} has no meaning for Wherry's engine and was ignored\n`;

/** `create -d fake --no-start`, for flags that don't show but in the machine's settings. */
const kept = (flags: string, more: Partial<MachineCase> = {}): MachineCase => ({
  line: `create -d fake --no-start ${flags} x`,
  out: done('x'),
  err: exactly(made('x')),
  ...more,
});
const refused = (flags: string, err: RegExp | string): MachineCase => ({
  line: `create -d fake --no-start ${flags} x`,
  status: 1,
  err,
  after: '',
});

const NAMES: readonly MachineCase[] = [
  { line: 'create', status: 1, err: /^Error: No machine name specified\n/ },
  { line: 'create -d fake', status: 1, err: /^Error: No machine name specified\n/ },
  { line: 'create a_b', status: 1, err: badName },
  { line: 'create -d fake a/b', status: 1, err: badName },
  { line: 'create -d fake .hidden', status: 1, err: badName },
  { line: `create -d fake ${'a'.repeat(64)}`, status: 1, err: badName },
  {
    line: 'create -d fake a',
    given: { a: 'stopped' },
    status: 1,
    err: 'Docker machine "a" already exists\n',
    after: 'a Stopped',
  },
  { line: 'create a', given: { a: 'broken' }, status: 1, err: 'Docker machine "a" already exists\n' },
  { line: 'create -d fake a b', status: 1, err: extra('b'), after: '' },
  { line: 'create -d fake a b c', status: 1, err: extra('b', 'c') },
];

const DRIVERS: readonly MachineCase[] = [
  // Not on Windows, where it depends on the computer.
  ...(process.platform === 'win32'
    ? []
    : [
        {
          line: 'create -d hyperv x',
          status: 3,
          err: /^Error: Hyper-V is a part of Windows, and this computer runs \w+: choose another driver\n {2}See: {2}wherry doctor --driver hyperv\n$/m,
        },
        {
          line: 'create -d hyperv --hyperv-stop never x',
          status: 1,
          err: /Expected --hyperv-stop=never to be one of: shutdown, save/,
        },
      ]),
  {
    line: 'create -d bogus x',
    status: 1,
    err: /^Driver "bogus" not found\. Do you have the plugin binary "docker-machine-driver-bogus" accessible in your PATH\?\n/,
  },
  { line: 'create -d constructor x', status: 1, err: /^Driver "constructor" not found\./ },
  { line: 'create -d', status: 1, err: /^Error: Flag --driver expects a value\n/ },
  {
    line: 'create -d fake x',
    out: done('x'),
    err: exactly(made('x') + step('Start')),
    after: 'x Running',
  },
  { line: 'create --driver fake x', out: done('x'), err: /✔ Start/, after: 'x Running' },
  { line: 'create --driver=fake x', out: done('x'), err: /✔ Start/, after: 'x Running' },
  { line: 'create x -d fake', out: done('x'), err: /✔ Start/, after: 'x Running' },
  kept('', { after: 'x Stopped' }),
  { line: 'create -d fake --quiet x', out: 'x\n', err: '', after: 'x Running' },
  { line: 'create -q -d fake --no-start x', out: 'x\n', err: '', after: 'x Stopped' },
  // What a user should know is told all the same, and so is what went wrong.
  { line: 'create -q -d fake --tls-san a x', out: 'x\n', err: ignored('--tls-san') },
  { line: 'create -q -d fake --fake-fail start x', status: 1, err: /^Error: "x" did not boot/ },
  {
    line: 'create -d fake --url tcp://h x',
    status: 1,
    err: /^Error: --url is no flag of the driver "fake"\n/,
  },
  {
    line: 'create -d none --fake-fail stop x',
    status: 1,
    err: /^Error: --fake-fail is no flag of the driver "none"\n/,
  },
  {
    line: 'create -d none x',
    status: 1,
    err: /Error: --url option is required when no driver is selected\n$/,
    after: '',
  },
  {
    line: 'create -d none --url bogus x',
    status: 1,
    err: /Error: "bogus" is not the URL of an engine\n {2}It looks like unix:\/\/\/PATH or tcp:\/\/HOST:PORT\n$/,
  },
  {
    line: 'create -d none --url tcp://127.0.0.1:1 x',
    out: done('x'),
    err: exactly(made('x')),
    after: 'x Error',
  },
  { line: 'create -d fake --fake-fail preflight x', status: 3, err: /told to fail at preflight/, after: '' },
  { line: 'create -d fake --fake-fail create x', status: 1, err: /told to fail at create/, after: '' },
  { line: 'create -d fake --fake-fail start x', status: 1, err: /did not boot/, after: 'x Stopped' },
  { line: 'create -d fake --fake-fail bogus x', status: 1, err: /Expected --fake-fail=bogus to be one of/ },
];

const FLAGS: readonly MachineCase[] = [
  kept('--cpus 1 --memory 2g --disk 7 --arch arm64'),
  kept('--memory 1024 --disk 2t'),
  refused('--cpus 0', /^Error: Parsing --cpus Expected an integer greater than or equal to 1/),
  refused('--cpus many', /^Error: Parsing --cpus Expected an integer/),
  refused('--memory lots', /^invalid argument "lots" for "--memory" flag: not a size\n/),
  refused('--disk lots', /^invalid argument "lots" for "--disk" flag: not a size\n/),
  refused('--arch sparc', /Expected --arch=sparc to be one of: amd64, arm64/),
  refused('--bogus', /^Error: Nonexistent flag: --bogus\n/),
  kept('--engine-insecure-registry a:5000 --engine-insecure-registry 10.0.0.0/8'),
  kept('--engine-registry-mirror https://m.example'),
  kept('--engine-label a=b --engine-label c=d'),
  kept('--mount HOME:ro --mount ~'),
  kept('--no-mounts'),
  refused('--no-mounts --mount HOME', /cannot also be provided/),
  kept('--engine-opt userns=auto --engine-opt host-access=off'),
  kept('--engine-env HTTPS_PROXY=http://p:3128'),
  kept('--engine-env NO_PROXY', { env: { NO_PROXY: '10.0.0.1' } }),
  refused('--engine-env HTTP_PROXY', /^Error: --engine-env HTTP_PROXY: there is no HTTP_PROXY here\n/),
  kept('--engine-env A=1', { err: exactly(ignored('--engine-env A') + made('x')) }),
  kept('--engine-opt x=y', { err: exactly(ignored('--engine-opt x=y') + made('x')) }),
  kept('--engine-storage-driver overlay2', {
    err: exactly(ignored('--engine-storage-driver') + made('x')),
  }),
  kept('--engine-install-url https://get.example', {
    err: exactly(ignored('--engine-install-url') + made('x')),
  }),
  kept('--tls-san a --tls-san b', { err: exactly(ignored('--tls-san') + made('x')) }),
  refused('--engine-label plain', /^(✔.*\n)*Error: bad attribute format: plain\n/),
  refused('--engine-ca HOME/none.pem', /^Error: --engine-ca: ENOENT.*none\.pem/),
];

export const CREATE: readonly MachineCase[] = [...NAMES, ...DRIVERS, ...FLAGS];
