import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianTools, type DebianTools } from './debian-tools.ts';
import { busyboxImage, helloImage, pythonImage, redisImage } from './images/debian-images.ts';
import { writeOciLayout, type ImageSource } from './images/oci-layout.ts';
import { runProgram, type Finished, type RunOptions } from './process.ts';
import { startRegistry, type Registry } from './registry.ts';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const cacheDirectory = join(repository, '.cache');

/** QEMU's user network shows the host's loopback to the guest under this address. */
const HOST_FROM_GUEST = '10.0.2.2';
export const MACHINE = 'e2e';

/** What the end-to-end suites share: a home, a registry with real images, and one running machine. */
export interface World {
  readonly home: string;
  readonly registry: Registry;
  readonly tools: DebianTools;
  /** `10.0.2.2:PORT`: the registry as the engine sees it. */
  readonly registryHost: string;
  /** A second, empty registry that asks for an account, as the engine sees it. */
  readonly closedHost: string;
  /** Directories that the machine shares: one for reading and writing, one for reading only. */
  readonly shared: { readonly writable: string; readonly readOnly: string };
  readonly env: NodeJS.ProcessEnv;
  /** `<registryHost>/NAME:TAG`. */
  image(name: string): string;
  /** Runs `wherry ARGS` with the shared machine. */
  wherry(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** The same, and throws with all output unless it exits with 0. @returns stdout */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Runs trixie's docker CLI against the machine's socket. */
  docker(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Runs a script in the shared machine's VM, and throws with all output unless it exits with 0. @returns stdout */
  inVm(script: string): Promise<string>;
  stop(): Promise<void>;
}

const APPLETS = [
  'sh',
  'ls',
  'cat',
  'echo',
  'env',
  'true',
  'false',
  'uname',
  'sleep',
  'id',
  'hostname',
  'ps',
  'mount',
  'ip',
  'nc',
  'ping',
  'wget',
  'nslookup',
  'grep',
  'head',
  'tail',
  'wc',
  'dd',
  'od',
  'stat',
  'readlink',
  'stty',
  'tty',
  'kill',
  'touch',
  'mkdir',
  'rm',
  'rmdir',
  'cp',
  'mv',
  'ln',
  'chmod',
  'chown',
  'umount',
  'pwd',
  'seq',
  'yes',
  'cut',
  'sort',
  'test',
  'tr',
  'awk',
  'sed',
  'find',
  'date',
  'df',
  'free',
  'md5sum',
  'sha256sum',
  'mknod',
  'su',
  'trap',
  'printf',
] as const;

async function push(
  tools: DebianTools,
  sources: readonly ImageSource[],
  port: number,
  name: string,
  scratch: string,
): Promise<void> {
  const layout = join(scratch, name.replace(/\W/g, '_'));
  writeOciLayout(layout, ...sources);
  const result = await runProgram(join(tools.binDir, 'skopeo'), [
    'copy',
    '--insecure-policy',
    '--all',
    '--dest-tls-verify=false',
    `oci:${layout}`,
    `docker://127.0.0.1:${port}/${name}`,
  ]);
  if (result.status !== 0) throw new Error(`skopeo could not push ${name}:\n${result.stderr}`);
  rmSync(layout, { recursive: true });
}

/** Brings the tools, fills the registry, creates and starts the machine. Says what it does: it takes a while. */
export async function createWorld(): Promise<World> {
  mkdirSync(cacheDirectory, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), 'wherry-e2e-'));
  const home = join(scratch, 'home');
  const shared = { writable: join(scratch, 'shared'), readOnly: join(scratch, 'read-only') };
  mkdirSync(shared.writable);
  mkdirSync(shared.readOnly);
  const tools = await debianTools(['docker-registry', 'skopeo', 'docker-cli', 'erofs-utils']);
  const registry = await startRegistry(join(tools.binDir, 'docker-registry'), join(scratch, 'registry'));
  const closed = await startRegistry(join(tools.binDir, 'docker-registry'), join(scratch, 'closed'), {
    accounts: true,
  });
  console.log("Composing the tests' images from Debian packages and pushing them with skopeo");
  const downloads = join(cacheDirectory, 'downloads');
  const images: readonly (readonly [string, ...ImageSource[]])[] = [
    [
      'library/busybox:latest',
      await busyboxImage(downloads, APPLETS),
      await busyboxImage(downloads, APPLETS, 'arm64'),
    ],
    ['library/hello-world:latest', await helloImage(downloads)],
    ['library/redis:latest', await redisImage(downloads)],
    ['library/python:trixie', await pythonImage(downloads, 'trixie')],
    ['library/python:bookworm', await pythonImage(downloads, 'bookworm')],
  ];
  for (const [name, ...sources] of images) await push(tools, sources, registry.port, name, scratch);

  const registryHost = `${HOST_FROM_GUEST}:${registry.port}`;
  const closedHost = `${HOST_FROM_GUEST}:${closed.port}`;
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    CI: 'true',
    NO_COLOR: '1',
    // What a person's own shell would change: a CI runner has none, and neither should differ.
    SHELL: undefined,
    DOCKER_MACHINE_NAME: undefined,
    WHERRY_HOME: home,
    WHERRY_CACHE: downloads,
    WHERRY_MACHINE: MACHINE,
    DOCKER_HOST: undefined,
    DOCKER_CONFIG: tools.dockerConfigDir,
  };
  const wherry: World['wherry'] = (args, options = {}) =>
    runProgram(process.execPath, [join(repository, 'bin', 'run.js'), ...args], {
      ...options,
      env: { ...env, ...options.env },
    });
  const world: World = {
    home,
    registry,
    tools,
    registryHost,
    closedHost,
    shared,
    env,
    image: (name) => `${registryHost}/library/${name}`,
    wherry,
    ok: async (args, options) => {
      const result = await wherry(args, options);
      if (result.status !== 0) {
        throw new Error(
          `wherry ${args.join(' ')}: exit ${result.status}\n${result.stdout}\n${result.stderr}`,
        );
      }
      return result.stdout;
    },
    docker: (args, options = {}) =>
      runProgram(
        join(tools.binDir, 'docker'),
        ['-H', `unix://${join(home, 'machines', MACHINE, 'docker.sock')}`, ...args],
        {
          ...options,
          env: { ...env, ...options.env },
        },
      ),
    inVm: (script) => world.ok(['machine', 'ssh', MACHINE, script]),
    stop: async () => {
      if (existsSync(home)) await wherry(['machine', 'rm', '-f', MACHINE]);
      await Promise.all([registry.stop(), closed.stop()]);
      rmSync(scratch, { recursive: true, force: true });
    },
  };
  try {
    console.log(`Creating the machine "${MACHINE}" that the suites share`);
    await world.ok([
      'machine',
      'create',
      '--cpus',
      '2',
      '--memory',
      '2048',
      '--mount',
      shared.writable,
      '--mount',
      `${shared.readOnly}:ro`,
      '--engine-insecure-registry',
      registryHost,
      '--engine-insecure-registry',
      closedHost,
      '--engine-registry-mirror',
      `http://${registryHost}`,
      MACHINE,
    ]);
    for (const [name] of images) {
      // hello-world stays away, so that a test can see its first run.
      if (!name.includes('hello-world')) await world.ok(['pull', '-q', `${registryHost}/${name}`]);
    }
  } catch (error) {
    await world.stop();
    throw error;
  }
  return world;
}
