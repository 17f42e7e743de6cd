import { expect } from 'chai';
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import { createMachine } from '../../../src/machine/create.ts';
import { addDockerContext } from '../../../src/machine/docker-context.ts';
import { publicName } from '../../../src/machine/public-name.ts';
import { removeMachine } from '../../../src/machine/rm.ts';
import { debianTools } from '../../helpers/debian-tools.ts';
import { machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';
import { runProgram } from '../../helpers/process.ts';

describe('docker’s context of a machine', () => {
  let world: MachineWorld;
  let config: string;
  let engine: Server | undefined;
  beforeEach(async () => {
    world = await machineWorld({ agents: 'pretended', isDefault: true });
    config = join(dirname(world.home), '.docker');
  });
  afterEach(async () => {
    engine?.close();
    engine = undefined;
    await world.end();
  });

  const create = (name: string, more: object = {}): Promise<unknown> =>
    createMachine(world.context, { name, driver: 'fake', start: false, ...more }, world.report, world.signal);
  const contexts = async (): Promise<number> => (await readdir(join(config, 'contexts', 'meta'))).length;

  it('is found by docker itself, beside others, and goes with the machine', async () => {
    const { binDir } = await debianTools(['docker-cli']);
    const docker = async (...args: string[]): Promise<string> => {
      const env = { PATH: binDir, HOME: dirname(world.home), DOCKER_CONFIG: config };
      const { status, stdout, stderr } = await runProgram(join(binDir, 'docker'), args, { env });
      expect(status, stderr).to.equal(0);
      return stdout;
    };
    const list = ['context', 'ls', '--format', '{{.Name}} {{.DockerEndpoint}} {{.Current}}'];
    await docker('context', 'create', 'mine', '--docker', 'host=tcp://192.0.2.1:2375');
    await create('default');
    const socket = world.context.store.files('default').dockerSocket;
    engine = createServer((_request, response) => {
      response.setHeader('Api-Version', '1.51').end(JSON.stringify({ Version: '7.6.5', ApiVersion: '1.51' }));
    }).listen(socket);
    await once(engine, 'listening');

    expect((await docker(...list)).split('\n')).to.include.members([
      'default unix:///var/run/docker.sock true',
      'mine tcp://192.0.2.1:2375 false',
      `wherry-default unix://${socket} false`,
    ]);
    expect(
      await docker('--context', 'wherry-default', 'version', '--format', '{{.Server.Version}}'),
    ).to.equal('7.6.5\n');
    await removeMachine(world.context, 'default', { force: false });
    const left = await docker(...list);
    expect(left).to.contain('mine').and.not.contain('wherry');
  });

  it('is made by create and run only in the default home; elsewhere when asked for', async () => {
    const other = await machineWorld({ agents: 'pretended' });
    try {
      const context = { ...other.context, paths: { ...other.context.paths, env: { DOCKER_CONFIG: config } } };
      const request = { name: 'x', driver: 'fake', start: false };
      await createMachine(context, request, other.report, other.signal);
      expect(await readdir(dirname(config))).not.to.include('.docker');
      expect(await addDockerContext(context, 'x')).to.equal('made');
      expect(publicName(context, 'x')).to.match(/^wherry-x-[0-9a-f]{8}$/);
      await removeMachine(context, 'x', { force: false });
      expect(await contexts()).to.equal(0);
    } finally {
      await other.end();
    }
  });

  it('leaves one alone that is somebody else’s, and says so', async () => {
    await create('x');
    expect(await contexts()).to.equal(1);
    // The same name, of a home that stood here before.
    await rm(world.home, { recursive: true });
    await mkdir(world.home);
    const foreign = { ...world.context, store: { ...world.context.store, home: '/elsewhere/.wherry' } };
    const elsewhere = { ...foreign, paths: { ...foreign.paths, homeDirectory: '/elsewhere' } };
    const shared = { ...elsewhere, paths: { ...elsewhere.paths, env: { DOCKER_CONFIG: config } } };
    expect(await addDockerContext(shared, 'x')).to.equal('foreign');
    const { removeDockerContext } = await import('../../../src/machine/docker-context.ts');
    await removeDockerContext(shared, 'x');
    expect(await contexts()).to.equal(1);
    await removeDockerContext(world.context, 'x');
    expect(await contexts()).to.equal(0);
  });

  it('never keeps a machine from being made', async () => {
    const { writeFile } = await import('node:fs/promises');
    await writeFile(config, 'a file where a directory should be');
    await create('x');
    expect(world.steps.join('\n')).to.match(/note: Note: docker's context "wherry-x" could not be made: /);
    expect(await world.context.store.exists('x')).to.equal(true);
  });

  it('has the URL of an engine that is somebody else’s', async () => {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const address = tcp.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      await create('far', { driver: 'none', driverOptions: { url: `tcp://127.0.0.1:${port}` } });
      const [directory = ''] = await readdir(join(config, 'contexts', 'meta'));
      const { readFile } = await import('node:fs/promises');
      const meta = await readFile(join(config, 'contexts', 'meta', directory, 'meta.json'), 'utf8');
      expect(JSON.parse(meta)).to.have.nested.property('Endpoints.docker.Host', `tcp://127.0.0.1:${port}`);
    } finally {
      tcp.close();
    }
  });
});
