import { expect } from 'chai';
import Docker from 'dockerode';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { MACHINE } from '../helpers/e2e-world.ts';
import { world } from '../helpers/e2e-hooks.ts';

const socketPath = (): string => join(world().home, 'machines', MACHINE, 'docker.sock');

describe('dockerode', () => {
  let docker: Docker;
  const image = (): string => world().image('busybox:latest');
  const HostConfig = { NetworkMode: 'none' };

  before(() => {
    docker = new Docker({ socketPath: socketPath() });
  });

  /** A multiplexed stream's two sides, when it has ended. */
  const sides = async (stream: NodeJS.ReadableStream): Promise<[string, string]> => {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(stream, stdout, stderr);
    stream.once('end', () => {
      stdout.end();
      stderr.end();
    });
    return [await text(stdout), await text(stderr)];
  };

  it('asks what there is', async () => {
    expect(String(await docker.ping())).to.equal('OK');
    expect((await docker.version()).Os).to.equal('linux');
    const tags = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(tags).to.include(image());
    expect((await docker.getImage(image()).inspect()).Os).to.equal('linux');
  });

  it('runs a container and gets its output and its exit status', async () => {
    const out = new PassThrough();
    const output = text(out);
    const [result, container] = (await docker.run(image(), ['sh', '-c', 'echo out; exit 3'], out, {
      Tty: true,
      HostConfig,
    })) as [{ StatusCode: number }, Docker.Container];
    out.end();
    expect(result.StatusCode).to.equal(3);
    expect(await output).to.equal('out\r\n');
    await container.remove();
  });

  it('attaches with input, follows logs, execs, waits, removes; events tell of it', async () => {
    const events = await docker.getEvents({ filters: { type: ['container'], label: ['lib=dockerode'] } });
    const seen: string[] = [];
    events.on('data', (chunk: Buffer) => seen.push(chunk.toString()));
    const container = await docker.createContainer({
      Image: image(),
      Cmd: ['sh', '-c', 'read -r line; echo "got $line"; echo err >&2; exec sleep 1000'],
      OpenStdin: true,
      StdinOnce: true,
      Labels: { lib: 'dockerode' },
      HostConfig,
    });
    const attached = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    await container.start();
    // The two outputs have no order between them.
    const answered = new Promise<void>((resolve) => {
      let said = '';
      attached.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('got a line')) resolve();
      });
    });
    attached.write('a line\n');
    await answered;
    attached.end();

    const exec = await container.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true });
    const stream = await exec.start({ hijack: true, stdin: true });
    stream.end('through exec');
    expect(await sides(stream)).to.deep.equal(['through exec', '']);
    expect(await exec.inspect()).to.include({ ExitCode: 0, Running: false });

    const followed = await container.logs({ follow: true, stdout: true, stderr: true });
    const both = sides(followed);
    const waiting = container.wait();
    await container.kill();
    expect(((await waiting) as { StatusCode: number }).StatusCode).to.equal(137);
    expect(await both).to.deep.equal(['got a line\n', 'err\n']);
    await container.remove();
    while (!seen.join('').includes('"destroy"')) await once(events, 'data');
    (events as unknown as { destroy(): void }).destroy();
    expect(seen.join('')).to.match(/"create"[^]*"start"[^]*"die"[^]*"destroy"/);
  });
});

/** Variables that the library reads; the machine's socket, and no helper container of its own. */
const forTestcontainers = (): Record<string, string> => ({
  DOCKER_HOST: `unix://${socketPath()}`,
  TESTCONTAINERS_RYUK_DISABLED: 'true',
  // In a container, as CI jobs often are, it would look for published ports at the bridge's gateway.
  TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1',
});

describe('testcontainers', () => {
  const saved: Record<string, string | undefined> = {};

  before(() => {
    for (const [name, value] of Object.entries(forTestcontainers())) {
      saved[name] = process.env[name];
      process.env[name] = value;
    }
  });
  after(() => {
    for (const [name, value] of Object.entries(saved)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  it('starts redis, waits for its log and its port, execs, copies, stops', async () => {
    // It looks at its variables when it is first used.
    const { GenericContainer, Wait } = await import('testcontainers');
    const container = await new GenericContainer(world().image('redis:latest'))
      .withExposedPorts(6379)
      .withCopyContentToContainer([{ content: 'copied before\n', target: '/data/before' }])
      .withWaitStrategy(
        Wait.forAll([Wait.forLogMessage(/Ready to accept connections/), Wait.forListeningPorts()]),
      )
      .start();
    try {
      const socket = connect(container.getMappedPort(6379), container.getHost());
      socket.write('PING\r\n');
      expect(String((await once(socket, 'data'))[0])).to.equal('+PONG\r\n');
      socket.destroy();
      expect(await container.exec(['redis-cli', 'set', 'a', '1'])).to.include({
        exitCode: 0,
        output: 'OK\n',
      });
      expect((await container.exec(['cat', '/data/before'])).output).to.equal('copied before\n');
      await container.copyContentToContainer([{ content: 'copied later\n', target: '/data/later' }]);
      const archive = await container.copyArchiveFromContainer('/data/later');
      expect(await text(archive)).to.include('copied later\n');
      let logged = '';
      for await (const chunk of await container.logs()) {
        logged += String(chunk);
        if (logged.includes('Ready to accept connections')) break;
      }
    } finally {
      await container.stop();
    }
    const left = await world().docker(['ps', '-aq', '--filter', 'label=org.testcontainers=true']);
    expect(left.stdout).to.equal('');
  });

  it('is cleaned up after by a container that has the socket, as its Ryuk does', async () => {
    const label = 'reap=me';
    for (const name of ['victim-1', 'victim-2']) {
      await world().ok([
        'run',
        '-d',
        '--name',
        name,
        '--label',
        label,
        world().image('busybox'),
        'sleep',
        '1000',
      ]);
    }
    await world().ok(['create', '--name', 'bystander', world().image('busybox')]);
    try {
      const socket = ['-v', '/var/run/docker.sock:/var/run/docker.sock'];
      const reaped = await world().ok([
        'run',
        '--rm',
        ...socket,
        world().image('python:trixie'),
        '-c',
        REAPER,
        label,
      ]);
      expect(reaped.trim().split('\n').toSorted()).to.deep.equal(['/victim-1', '/victim-2']);
      const names = (await world().docker(['ps', '-a', '--format', '{{.Names}}'])).stdout.split('\n');
      expect(names).to.include('bystander').and.not.to.include.members(['victim-1', 'victim-2']);
    } finally {
      await world().wherry(['rm', '-f', 'bystander', 'victim-1', 'victim-2']);
    }
  });
});

/** Removes the containers with a label, through the socket. */
const REAPER = `
import http.client, json, socket, sys, urllib.parse
def call(method, path):
    connection = http.client.HTTPConnection('engine')
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect('/var/run/docker.sock')
    connection.request(method, path)
    response = connection.getresponse()
    body = response.read()
    return response.status, json.loads(body) if body else None
filters = urllib.parse.quote(json.dumps({'label': [sys.argv[1]]}))
_, containers = call('GET', '/containers/json?all=1&filters=' + filters)
for container in containers:
    status, _ = call('DELETE', '/containers/' + container['Id'] + '?force=1&v=1')
    if status == 204:
        print(container['Names'][0])
`;
