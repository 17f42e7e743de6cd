import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInProcess } from '../../helpers/cli/in-process.ts';
import { wordsOf, type MachineCase } from '../../helpers/cli/machine-case.ts';
import { machineHome, type MachineHome } from '../../helpers/cli/machine-home.ts';
import { systemExec } from '../../../src/platform/exec.ts';
import { ACCESS } from './machine-grammar/access.ts';
import { CLIENT } from './machine-grammar/client.ts';
import { COPIES } from './machine-grammar/copies.ts';
import { CREATE } from './machine-grammar/create.ts';
import { DOCTOR } from './machine-grammar/doctor.ts';
import { ENV } from './machine-grammar/env.ts';
import { GLOBAL } from './machine-grammar/global.ts';
import { INSPECT } from './machine-grammar/inspect.ts';
import { LIFECYCLE } from './machine-grammar/lifecycle.ts';
import { LS } from './machine-grammar/ls.ts';
import { RM } from './machine-grammar/rm.ts';

const TABLES: Readonly<Record<string, readonly MachineCase[]>> = {
  'before the verb, and help': GLOBAL,
  create: CREATE,
  'start, stop, kill, restart, status, provision, regenerate-certs': LIFECYCLE,
  ls: LS,
  rm: RM,
  inspect: INSPECT,
  'config, url, ip, active, version': CLIENT,
  env: ENV,
  'doctor, completion': DOCTOR,
  'ssh, scp, logs, set': ACCESS,
  'clone, snapshot, upgrade': COPIES,
};

/** The verbs that leave everything as it was, and help. */
const LOOKS = /^(ls|status|inspect|config|url|ip|active|version|env|logs|help)( |$)|^$|(-h|--help)$/;

/** docker-machine's command line, a case a line, on machines of the fake driver and of the driver `none`; no process is started. */
describe('the grammar of wherry machine', () => {
  let scratch: string;
  const worlds: MachineHome[] = [];
  const lookedAt = new Map<string, MachineHome>();
  before(() => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-grammar-'));
  });
  after(async () => {
    for (const world of worlds) await world.end();
    rmSync(scratch, { recursive: true });
  });

  for (const [title, table] of Object.entries(TABLES)) {
    describe(title, () => {
      for (const row of table) it(titleOf(row), () => check(row));
    });
  }

  /** A home of its own for a line that changes machines; those that only look at the same machines share one. */
  async function worldFor({ line, given = {} }: MachineCase): Promise<MachineHome> {
    const key = JSON.stringify(given);
    const shared = LOOKS.test(line) ? lookedAt.get(key) : undefined;
    if (shared !== undefined) return shared;
    const world = await machineHome(join(scratch, String(worlds.length)), given);
    worlds.push(world);
    if (LOOKS.test(line)) lookedAt.set(key, world);
    return world;
  }

  async function check(row: MachineCase): Promise<void> {
    const own = { ...systemExec };
    const world = await worldFor(row);
    Object.assign(systemExec, world.exec);
    const env = {
      HOME: world.home,
      WHERRY_HOME: world.home,
      DOCKER_CONFIG: join(world.home, 'docker'),
      NO_COLOR: '1',
      ...row.env,
    };
    try {
      const words = wordsOf(placed(row.line, world.home));
      const argv = words[0] === 'wherry' ? words.slice(1) : ['machine', ...words];
      const ended = await runInProcess(argv, { env: placedAll(env, world.home), input: row.input });
      const stdout = ended.stdout.replaceAll(world.home, 'HOME');
      const stderr = ended.stderr.replaceAll(world.home, 'HOME');
      expect(ended.status, `stdout: ${stdout}\nstderr: ${stderr}`).to.equal(row.status ?? 0);
      compare(stdout, row.out ?? (row.status === undefined ? undefined : ''));
      compare(stderr, row.err ?? (row.status === undefined ? '' : undefined));
      if (row.after !== undefined) {
        const listed = await runInProcess(['machine', 'ls', '-f', '{{.Name}} {{.State}}'], { env });
        expect(listed.stdout.trim().replaceAll('\n', ', ')).to.equal(row.after);
      }
    } finally {
      Object.assign(systemExec, own);
    }
  }
});

const placed = (text: string, home: string): string => text.replaceAll('HOME', home);

const placedAll = (env: Readonly<Record<string, string>>, home: string): Record<string, string> =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [name, placed(value, home)]));

function compare(text: string, wanted: string | RegExp | undefined): void {
  if (typeof wanted === 'string') expect(text).to.equal(wanted);
  else if (wanted !== undefined) expect(text).to.match(wanted);
}

function titleOf({ line, given, env, input }: MachineCase): string {
  const world = Object.entries(given ?? {}).map(
    ([name, what]) => `${name}: ${typeof what === 'string' ? what : JSON.stringify(what)}`,
  );
  const words = line.startsWith('wherry') ? line : `machine ${line}`;
  const around = [
    ...world,
    ...(env === undefined ? [] : [JSON.stringify(env)]),
    ...(input === undefined ? [] : [`typed ${JSON.stringify(input)}`]),
  ];
  return around.length === 0 ? words : `${words}  (${around.join(', ')})`;
}
