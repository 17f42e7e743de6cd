import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianTools, type DebianTools } from '../helpers/debian-tools.ts';
import { world } from '../helpers/e2e-hooks.ts';
import { eventually } from '../helpers/eventually.ts';
import type { Finished } from '../helpers/process.ts';

const PROJECT = 'shop';

const yaml = (image: string): string => `
name: ${PROJECT}
services:
  store:
    image: ${image}
    command: sh -c "sleep 1; echo goods > /data/state; echo store is open; exec sleep 1000"
    stop_signal: SIGKILL
    networks: [back]
    volumes: ['data:/data']
    healthcheck:
      test: [CMD, test, -e, /data/state]
      interval: 500ms
      retries: 60
  app:
    image: ${image}
    command: sh -c "cat /data/state; ping -c 1 -w 60 store > /dev/null && echo app sees store; exec sleep 1000"
    stop_signal: SIGKILL
    depends_on:
      store:
        condition: service_healthy
    environment:
      GREETING: hello
    networks: [back]
    volumes: ['data:/data:ro']
  debug:
    image: ${image}
    command: sleep 1000
    stop_signal: SIGKILL
    profiles: [debug]
    networks: [back]
networks:
  back: {}
volumes:
  data: {}
`;

describe("docker's compose plugin", () => {
  let directory: string;
  let tools: DebianTools;
  const env = () => ({ DOCKER_CONFIG: tools.dockerConfigDir });

  before(async () => {
    tools = await debianTools(['docker-compose']);
    directory = mkdtempSync(join(tmpdir(), 'wherry-compose-'));
    writeFileSync(join(directory, 'compose.yml'), yaml(world().image('busybox')));
  });
  after(async () => {
    await compose('--profile', 'debug', 'down', '-v', '-t', '0');
    rmSync(directory, { recursive: true });
  });

  const options = () => ({ env: env(), cwd: directory });
  /** `docker compose …`, by the stock CLI. */
  const compose = (...words: string[]): Promise<Finished> => world().docker(['compose', ...words], options());
  const composed = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await compose(...words);
    if (status !== 0) throw new Error(`compose ${words.join(' ')}: exit ${status}\n${stdout}\n${stderr}`);
    return stdout;
  };
  /** It runs before it has said anything. */
  const untilLogged = (words: RegExp): Promise<string> =>
    eventually(
      () => composed('logs', '--no-log-prefix', 'app'),
      (said) => words.test(said),
      `the app has logged ${words}`,
    );
  const services = (output: string): string[] =>
    output
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { Service: string; State: string }).Service)
      .toSorted();

  it('brings services up when those that they depend on are healthy, on a network and a volume', async () => {
    await composed('up', '-d', '--wait');
    expect(services(await composed('ps', '--format', 'json'))).to.deep.equal(['app', 'store']);
    await untilLogged(/goods[^]*app sees store/);
    expect((await world().docker(['volume', 'ls', '-q'])).stdout).to.include(`${PROJECT}_data`);
    expect((await world().docker(['network', 'ls'])).stdout).to.include(`${PROJECT}_back`);
  });

  it('execs, runs, restarts, and knows profiles', async () => {
    expect(await composed('exec', '-T', 'app', 'sh', '-c', 'echo $GREETING')).to.equal('hello\n');
    expect((await compose('exec', '-T', 'store', 'sh', '-c', 'exit 7')).status).to.equal(7);
    const ran = await compose('run', '--rm', '-T', '--no-deps', 'app', 'cat', '/data/state');
    expect(ran).to.include({ status: 0, stdout: 'goods\n' });
    await composed('restart', '-t', '0', 'app');
    await untilLogged(/app sees store[^]*app sees store/);
    await composed('--profile', 'debug', 'up', '-d');
    expect(services(await composed('ps', '--format', 'json'))).to.include('debug');
  });

  it('is what wherry compose runs, on the machine, with its own words and exit status', async () => {
    const ps = await world().wherry(['compose', 'ps', '--format', 'json'], options());
    expect(services(ps.stdout)).to.deep.equal(['app', 'debug', 'store']);
    expect((await world().wherry(['compose', 'exec', '-T', 'app', 'false'], options())).status).to.equal(1);
    expect((await world().wherry(['compose', 'up', '--help'], options())).stdout).to.include('--wait');
    // Nothing that isn't there: neither in docker's directories nor on PATH.
    const without = { DOCKER_CONFIG: directory, HOME: directory, PATH: directory };
    const missing = await world().wherry(['compose', 'ps'], { env: without, cwd: directory });
    if (!missing.stderr.includes('docker compose is not installed')) {
      // This computer has one of its own, and docker would find it too.
      expect(missing.status).to.equal(0);
      return;
    }
    expect(missing.status).to.equal(1);
    expect(missing.stderr).to.match(/looked for docker-compose in .*\n {2}Install it with: /);
  });

  it('takes everything down again', async () => {
    await composed('--profile', 'debug', 'down', '-v', '-t', '0');
    expect(
      (await world().docker(['ps', '-aq', '--filter', `label=com.docker.compose.project=${PROJECT}`])).stdout,
    ).to.equal('');
    expect((await world().docker(['volume', 'ls', '-q'])).stdout).not.to.include(`${PROJECT}_data`);
    expect((await world().docker(['network', 'ls'])).stdout).not.to.include(`${PROJECT}_back`);
  });
});
