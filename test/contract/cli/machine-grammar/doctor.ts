import type { MachineCase } from '../../../helpers/cli/machine-case.ts';

const home = String.raw`✔ Home: HOME, [\d.]+[kMGTP]?B free\n`;
const all = (...lines: string[]): RegExp => new RegExp(`^${lines.join('')}$`);

export const DOCTOR: readonly MachineCase[] = [
  { line: 'wherry doctor -d fake', out: all('✔ Fake: nothing is needed\n', home) },
  { line: 'wherry doctor -d none', out: all(home) },
  {
    line: 'wherry doctor --driver none',
    given: { a: 'stopped', b: 'running' },
    out: all(home, '✔ Machines: 2, 1 of them running\n'),
  },
  {
    line: 'wherry doctor -d none',
    given: { a: 'stopped', x: 'sick' },
    out: all(home, '! Machine "x": Error: it was told to be broken. See: {2}wherry machine logs x\n'),
  },
  {
    line: 'wherry doctor -d none',
    given: { x: 'broken' },
    out: all(home, '! Machine "x": Error: machine.json is not JSON: .*\n'),
  },
  {
    line: 'wherry doctor -d none',
    given: { a: 'running' },
    env: { DOCKER_HOST: 'unix://HOME/machines/a/docker.sock' },
    out: all(home, '✔ Machines: 1, 1 of them running\n'),
  },
  {
    line: 'wherry doctor -d none',
    env: { DOCKER_HOST: 'tcp://192.0.2.1:2375' },
    out: all(home, '! Docker: DOCKER_HOST=tcp://192.0.2.1:2375 is none of these machines: .*\n'),
  },
  { line: 'wherry doctor -d none --json', out: /^\[\n {2}\{\n {4}"level": "ok",\n {4}"subject": "Home",/ },
  { line: 'wherry doctor -d bogus', status: 125, err: /Expected --driver=bogus to be one of: qemu/ },
  { line: 'wherry doctor -d none --arch sparc', status: 125, err: /Expected --arch=sparc to be one of/ },
  { line: 'wherry completion bash', out: /__complete/ },
  { line: 'wherry completion tcsh', status: 125, err: /tcsh/ },
];
