import type { Given, MachineCase } from '../../../helpers/cli/machine-case.ts';
import { extra } from './messages.ts';

const settings = (labels: string[]) => ({ insecureRegistries: [], registryMirrors: [], labels });

const zoo: Readonly<Record<string, Given>> = {
  default: 'running',
  m2: { state: 'stopped', engine: settings(['tier=front', 'zone=a']) },
  m10: { state: 'stopped', engine: settings(['tier=back']) },
  nap: 'paused',
  up: 'starting',
  down: 'stopping',
  sick: 'sick',
  torn: 'broken',
  url: { driver: 'none', driverOptions: { url: 'tcp://127.0.0.1:1' } },
};
const states = '{{.Name}}={{.State}}';
const every =
  'default=Running\ndown=Stopping\nm2=Stopped\nm10=Stopped\nnap=Paused\nsick=Error\ntorn=Error\nup=Starting\nurl=Error\n';

/** `ls -q` with filters, and who is left. */
const filtered = (filters: string, ...names: string[]): MachineCase => ({
  line: `ls -q ${filters}`,
  given: zoo,
  out: names.map((name) => `${name}\n`).join(''),
});

const TABLE: readonly MachineCase[] = [
  { line: 'ls', out: 'NAME   ACTIVE   DRIVER   STATE   URL   SWARM   DOCKER   ERRORS\n' },
  {
    line: 'ls',
    given: { a: 'stopped' },
    out: 'NAME   ACTIVE   DRIVER   STATE     URL   SWARM   DOCKER    ERRORS\na      -        fake     Stopped                 Unknown   \n',
  },
  {
    line: 'ls',
    given: { default: 'running' },
    out: /^NAME {6}ACTIVE {3}DRIVER {3}STATE {5}URL +SWARM {3}DOCKER {4}ERRORS\ndefault {3}- {8}fake {5}Running {3}unix:\/\/HOME\/machines\/default\/docker\.sock +v28\.5\.2 {3}\n$/,
  },
  {
    line: 'ls',
    given: { default: 'running' },
    env: { DOCKER_HOST: 'unix://HOME/machines/default/docker.sock' },
    out: /\ndefault {3}\* {8}fake/,
  },
  {
    line: 'ls',
    given: { default: 'running' },
    env: { DOCKER_HOST: 'tcp://192.0.2.1:2375' },
    out: /\ndefault {3}- {8}fake/,
  },
  { line: 'ls', given: { x: 'sick' }, out: /\nx +- +fake +Error +Unknown +it was told to be broken\n$/ },
  { line: 'ls', given: { x: 'broken', a: 'stopped' }, out: /\na .*\nx +- +Error +Unknown +machine\.json is/ },
  {
    line: 'ls',
    given: { x: 'silent' },
    out: /\nx +- +fake +Running +unix:\/\/\S+ +Unknown +Unable to query docker version: .+\n$/,
  },
  { line: 'ls', given: { x: { driver: 'gone' } }, out: /\nx +- +gone +Error .*Driver "gone" not found/ },
  {
    line: 'ls',
    given: { x: { driver: 'none', driverOptions: { url: 'tcp://127.0.0.1:1' } } },
    out: /\nx +- +none +Error .*ECONNREFUSED/,
  },
  { line: 'ls extra', status: 1, err: extra('extra') },
  { line: 'ls a b', given: zoo, status: 1, err: extra('a', 'b') },
  { line: 'ls --bogus', status: 1, err: /^Error: Nonexistent flag: --bogus\n/ },
];

const FLAGS: readonly MachineCase[] = [
  { line: 'ls -q', out: '' },
  filtered('', 'default', 'down', 'm2', 'm10', 'nap', 'sick', 'torn', 'up', 'url'),
  { line: 'ls --quiet', given: { a: 'stopped' }, out: 'a\n' },
  { line: 'ls -q -f {{.State}}', given: { a: 'stopped' }, out: 'a\n' },
  // Natural order, whatever the case.
  {
    line: 'ls -q',
    given: { b: 'stopped', a10: 'stopped', a9: 'stopped', 'a9-1': 'stopped' },
    out: 'a9\na9-1\na10\nb\n',
  },
  // One that doesn't answer within the time is listed all the same, and says so.
  {
    line: "ls -t 1 -f '{{.Name}} {{.DriverName}} {{.State}} {{.DockerVersion}}'",
    given: { x: 'mute' },
    out: 'x fake Timeout Unknown\n',
  },
  { line: 'ls -t soon', status: 1, err: /^Error: Parsing --timeout Expected an integer/ },
  { line: 'ls -t 5 -q', given: { a: 'stopped' }, out: 'a\n' },
  { line: 'ls --timeout=5 -q', given: { a: 'stopped' }, out: 'a\n' },
];

const FORMAT: readonly MachineCase[] = [
  { line: `ls -f ${states}`, given: zoo, out: every },
  { line: `ls --format=${states}`, given: zoo, out: every },
  {
    line: "ls -f 'table {{.Name}}\\t{{.State}}'",
    given: { a: 'stopped', beta: 'paused' },
    out: 'NAME   STATE\na      Stopped\nbeta   Paused\n',
  },
  { line: 'ls -f table', out: 'NAME   ACTIVE   DRIVER   STATE   URL   SWARM   DOCKER   ERRORS\n' },
  {
    line: "ls -f 'table {{.DriverName}} {{.DockerVersion}} {{.Error}} {{.ResponseTime}}'",
    out: 'DRIVER DOCKER ERRORS RESPONSE\n',
  },
  {
    line: "ls -f '{{.Active}} {{.ActiveHost}} {{.ActiveSwarm}} {{.DriverName}} {{.URL}}'",
    given: { default: 'running' },
    env: { DOCKER_HOST: 'unix://HOME/machines/default/docker.sock' },
    out: '* true false fake unix://HOME/machines/default/docker.sock\n',
  },
  { line: 'ls -f {{.Active}}{{.ActiveHost}}', given: { default: 'running' }, out: '-false\n' },
  { line: 'ls -f {{.DockerVersion}}', given: { default: 'running' }, out: 'v28.5.2\n' },
  { line: 'ls -f {{.ResponseTime}}', given: { a: 'stopped' }, out: /^\d+ms\n$/ },
  { line: "ls -f '[{{.Swarm}}] [{{.Error}}]'", given: { a: 'stopped' }, out: '[] []\n' },
  { line: 'ls -f {{.EngineOptions.Labels}}', given: { m2: zoo['m2'] ?? {} }, out: '[tier=front zone=a]\n' },
  { line: 'ls -f {{.EngineOptions.Labels}}', given: { x: 'broken' }, out: '[]\n' },
  { line: 'ls -f {{.SwarmOptions.IsSwarm}}', given: { a: 'stopped' }, out: 'false\n' },
  { line: "ls -f '{{json .Name}}'", given: { a: 'stopped' }, out: '"a"\n' },
  { line: "ls -f '{{.Name | upper}}'", given: { a: 'stopped' }, out: 'A\n' },
  { line: "ls -f '{{if .ActiveHost}}x{{else}}y{{end}}'", given: { a: 'stopped' }, out: 'y\n' },
  { line: 'ls -f {{.Nope}}', given: { a: 'stopped' }, status: 1, err: /template.*<\.Nope>/ },
  { line: 'ls -f {{.Name', given: { a: 'stopped' }, status: 1, err: /template parsing error/ },
];

const FILTERS: readonly MachineCase[] = [
  filtered('--filter state=Running', 'default'),
  filtered('--filter state=Paused', 'nap'),
  filtered('--filter state=Saved'),
  filtered('--filter state=Stopped', 'm2', 'm10'),
  filtered('--filter state=Stopping', 'down'),
  filtered('--filter state=Starting', 'up'),
  filtered('--filter state=Error', 'sick', 'torn', 'url'),
  filtered('--filter state=Timeout'),
  filtered('--filter state=stopped', 'm2', 'm10'),
  filtered('--filter STATE=stopped', 'm2', 'm10'),
  filtered('--filter state=bogus'),
  filtered('--filter state=paused --filter state=running', 'default', 'nap'),
  filtered('--filter driver=none', 'url'),
  filtered('--filter driver=NONE --filter driver=bogus', 'url'),
  filtered('--filter name=^m', 'm2', 'm10'),
  filtered('--filter name=1', 'm10'),
  filtered('--filter name=^m --filter name=p$', 'm2', 'm10', 'nap', 'up'),
  filtered('--filter name=^m --filter state=running'),
  filtered('--filter name=m --filter state=stopped --filter label=tier=back', 'm10'),
  filtered('--filter label=tier=front', 'm2'),
  filtered('--filter label=tier=FRONT', 'm2'),
  filtered('--filter label=tier', 'm2', 'm10'),
  filtered('--filter label=zone=a --filter label=tier=back', 'm2', 'm10'),
  filtered('--filter label=none'),
  filtered('--filter swarm=x'),
  { line: 'ls --filter x=y', status: 1, err: /^Unsupported filter key 'x'\n/ },
  { line: 'ls --filter name', status: 1, err: /^Unsupported filter syntax\.\n/ },
  { line: 'ls --filter name=[', status: 1, err: /^Error: --filter name=\[: Invalid regular expression/ },
  { line: 'ls --filter', status: 1, err: /^Error: Flag --filter expects a value\n/ },
];

export const LS: readonly MachineCase[] = [...TABLE, ...FLAGS, ...FORMAT, ...FILTERS];
