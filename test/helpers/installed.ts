import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { cacheDirectory, repository } from './e2e-world.ts';
import { runProgram, type Finished } from './process.ts';

/** Debian's nobody; on other systems it is nobody's number either. */
const NOBODY = 65_534;

/** Wherry as somebody without rights has installed it from a package, in a home whose path has a space. */
export interface Installed {
  readonly uid: number;
  readonly home: string;
  /** Where `npm install` put the package. */
  readonly packageDirectory: string;
  readonly installation: Finished;
  wherry(args: readonly string[]): Promise<Finished>;
  /** How often `sudo` was called. */
  sudoCalls(): number;
  remove(): void;
}

/** The paths that `npm pack` would publish, and the tarball itself in `directory`. What it packs is built already. */
export async function pack(directory: string): Promise<{ tarball: string; files: readonly string[] }> {
  const args = [npmCli(), 'pack', '--ignore-scripts', '--json', '--pack-destination', directory];
  const result = await runProgram(process.execPath, args, { cwd: repository });
  if (result.status !== 0) throw new Error(`npm pack: exit ${result.status}\n${result.stderr}`);
  const [packed] = JSON.parse(result.stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(directory, packed.filename), files: packed.files.map(({ path }) => path) };
}

/** Installs the tarball with the project's Node. Root becomes nobody for it; anybody else is unprivileged already. */
export async function installUnprivileged(tarball: string): Promise<Installed> {
  const root = mkdtempSync(join(tmpdir(), 'wi-'));
  const home = join(root, 'my home');
  const tools = join(root, 'tools');
  const cache = join(root, 'cache');
  const sudoLog = join(root, 'sudo-calls');
  mkdirSync(home, { mode: 0o700 });
  mkdirSync(join(tools, 'bin'), { recursive: true });
  // The clone may stand where only root can go.
  copyFileSync(process.execPath, join(tools, 'bin', 'node'));
  cpSync(dirname(dirname(npmCli())), join(tools, 'npm'), { recursive: true, dereference: true });
  cpSync(join(cacheDirectory, 'downloads'), cache, { recursive: true });
  copyFileSync(tarball, join(root, 'wherry.tgz'));
  writeFileSync(join(tools, 'bin', 'sudo'), `#!/bin/sh\necho "$@" >> '${sudoLog}'\nexit 1\n`, {
    mode: 0o755,
  });
  writeFileSync(sudoLog, '');
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : undefined;
  chmodSync(root, 0o755);
  if (user !== undefined) giveAway(root, user.uid, user.gid);
  const env: NodeJS.ProcessEnv = {
    HOME: home,
    PATH: [join(tools, 'bin'), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    CI: 'true',
    NO_COLOR: '1',
    WHERRY_CACHE: cache,
    ...networkSettings(),
    // Node hands it to its children by itself, and this user may not write there.
    NODE_V8_COVERAGE: undefined,
  };
  const run = (command: string, args: readonly string[]): Promise<Finished> =>
    runProgram(command, args, { cwd: home, env, user });
  const prefix = join(home, 'programs');
  const installation = await run(join(tools, 'bin', 'node'), [
    join(tools, 'npm', 'bin', 'npm-cli.js'),
    'install',
    join(root, 'wherry.tgz'),
    '--omit=dev',
    '--no-audit',
    '--no-fund',
    '--prefix',
    prefix,
  ]);
  return {
    uid: user?.uid ?? process.getuid?.() ?? -1,
    home,
    packageDirectory: join(prefix, 'node_modules', 'wherry'),
    installation,
    wherry: (args) => run(join(prefix, 'node_modules', '.bin', 'wherry'), args),
    sudoCalls: () => lstatSync(sudoLog).size,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Everything below a directory, itself included, as absolute paths. */
export function everythingIn(directory: string): string[] {
  const below = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return [directory, ...below.map((name) => join(directory, name))];
}

function giveAway(directory: string, uid: number, gid: number): void {
  for (const path of everythingIn(directory)) {
    if (!lstatSync(path).isSymbolicLink()) chownSync(path, uid, gid);
  }
}

/** What this computer's network takes, of this process's own environment. */
function networkSettings(): NodeJS.ProcessEnv {
  const matters = /^(https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_(file|dir)|npm_config_registry)$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => matters.test(name)));
}

/** npm's own script: of the npm that runs this, or of the one in PATH. */
function npmCli(): string {
  const { npm_execpath: running, PATH = '' } = process.env;
  if (running !== undefined && running.endsWith('npm-cli.js')) return realpathSync(running);
  for (const directory of PATH.split(delimiter)) {
    if (!existsSync(join(directory, 'npm'))) continue;
    const cli = join(dirname(realpathSync(join(directory, 'npm'))), 'npm-cli.js');
    if (existsSync(cli)) return cli;
  }
  throw new Error('no npm was found in PATH');
}
