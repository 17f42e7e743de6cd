import { expect } from 'chai';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { restartSharedMachine, world } from '../helpers/e2e-hooks.ts';
import { MACHINE } from '../helpers/e2e-world.ts';
import { runProgram } from '../helpers/process.ts';

describe('wherry machine', () => {
  it("lists, with docker-machine's columns, filters and templates", async () => {
    const lines = (await world().ok(['machine', 'ls'])).split('\n');
    expect(lines[0]).to.match(/^NAME +ACTIVE +DRIVER +STATE +URL +SWARM +DOCKER +ERRORS$/);
    expect(lines[1]).to.match(/^e2e +- +qemu +Running +unix:\/\/.*docker\.sock +v\d/);
    expect(await world().ok(['machine', 'ls', '-q', '--filter', 'state=stopped'])).to.equal('');
    expect(await world().ok(['machine', 'ls', '--format', '{{.Name}} {{.State}}'])).to.equal('e2e Running\n');
    expect((await world().wherry(['machine', 'ls', '--filter', 'x=y'])).stderr).to.match(
      /^Unsupported filter key 'x'/,
    );
  });

  it('says what docker-machine says', async () => {
    const golden: [string[], number, RegExp][] = [
      [
        ['machine', 'inspect', 'nope'],
        1,
        /^Docker machine "nope" does not exist\. Use "wherry machine ls" to list machines\./,
      ],
      [['machine', 'create', MACHINE], 1, /^Docker machine "e2e" already exists\n/],
      [['machine', 'create'], 1, /^Error: No machine name specified/],
      [
        ['machine', 'create', 'a_b'],
        1,
        /^Error creating machine: Invalid hostname specified\. Allowed hostname chars are: 0-9a-zA-Z \. -\n/,
      ],
      [
        ['machine', 'create', '-d', 'bogus', 'x'],
        1,
        /^Driver "bogus" not found\. Do you have the plugin binary "docker-machine-driver-bogus" accessible in your PATH\?/,
      ],
      [['machine', 'start', MACHINE], 1, /^Machine "e2e" is already running\./],
      [['machine', 'rm'], 1, /^Error: Expected to get one or more machine names as arguments/],
      [['machine', 'ls', 'extra'], 1, /^Invalid command line\. Found extra arguments \[extra\]/],
      [['machine', 'env', '-u', MACHINE], 1, /^Error: Expected no machine name when the -u flag is present/],
    ];
    for (const [args, status, message] of golden) {
      const result = await world().wherry(args);
      expect(result.stderr, args.join(' ')).to.match(message);
      expect(result.status, args.join(' ')).to.equal(status);
    }
    expect(await world().ok(['machine'])).to.match(/^Usage:[\s\S]*Create and manage machines running Docker/);
    expect(await world().ok(['machine', 'create', '-d', 'qemu', '-h'])).to.match(
      /machine create[\s\S]*--qemu-accel/,
    );
  });

  it('env, url, ip, status, active, config, inspect', async () => {
    const socket = join(world().home, 'machines', MACHINE, 'docker.sock');
    const env = await world().ok(['machine', 'env', '--shell', 'bash', MACHINE]);
    expect(env).to.contain(`export DOCKER_HOST="unix://${socket}"\n`);
    expect(env).to.contain(`export DOCKER_MACHINE_NAME="${MACHINE}"\n`);
    expect(await world().ok(['machine', 'url', MACHINE])).to.equal(`unix://${socket}\n`);
    expect(await world().ok(['machine', 'config', MACHINE])).to.contain(`unix://${socket}`);
    expect(await world().ok(['machine', 'status', MACHINE])).to.equal('Running\n');
    expect(await world().ok(['machine', 'active'], { env: { DOCKER_HOST: `unix://${socket}` } })).to.equal(
      `${MACHINE}\n`,
    );
    expect(
      await world().ok(['machine', 'inspect', MACHINE, '-f', '{{.Driver.Memory}} {{.DriverName}}']),
    ).to.equal('2048 qemu\n');
  });

  it('ip, logs of the console and of the agent, doctor', async () => {
    expect(await world().ok(['machine', 'ip', MACHINE])).to.equal('127.0.0.1\n');
    const log = await world().ok(['machine', 'logs', MACHINE]);
    expect(log).to.match(/the engine answers/);
    expect(log).not.to.contain('its compiled code does not fit');
    await world().ok(['machine', 'ssh', MACHINE, 'test -s /usr/lib/wherry/engine.cjs.code']);
    const agent = (await world().ok(['machine', 'logs', '--agent', MACHINE])).trim().split('\n');
    expect(agent.map((line) => (JSON.parse(line) as { level: string }).level)).to.include('info');
    expect(await world().ok(['doctor'])).to.match(/✔ QEMU: QEMU \d+\.\d+/);
    expect(JSON.parse(await world().ok(['doctor', '--json']))).to.be.an('array').that.is.not.empty;
  });

  it('version, autostart, prune, and a context for docker', async () => {
    expect(await world().ok(['machine', 'version', MACHINE])).to.match(/^\d+\.\d+\.\d+\n$/);
    const env = {
      DOCKER_CONFIG: join(world().home, 'docker'),
      XDG_CONFIG_HOME: join(world().home, 'config'),
    };
    expect(await world().ok(['machine', 'autostart', 'status', MACHINE], { env })).to.equal('disabled\n');
    // What the system calls at login: one that runs already is all right.
    expect(await world().ok(['machine', 'autostart', 'run', MACHINE])).to.equal('');
    expect(await world().ok(['machine', 'prune', '--dry-run'], { env })).to.match(
      /Total reclaimable space: /,
    );
    const context = (await world().ok(['machine', 'context', MACHINE], { env })).trim();
    expect(context).to.match(/^wherry-e2e-[0-9a-f]{8}$/);
    // Without the `-H` of the world's docker, which goes before a context.
    const docker = join(world().tools.binDir, 'docker');
    const args = ['--context', context, 'version', '--format', '{{.Server.Os}}'];
    const asked = await runProgram(docker, args, { env: { ...world().env, ...env } });
    expect(asked.stdout, asked.stderr).to.equal('linux\n');
  });

  it('keeps its socket, keys and directories to their owner', () => {
    const directory = join(world().home, 'machines', MACHINE);
    for (const name of ['docker.sock', 'agent.sock', 'id_ed25519', 'config.img', 'machine.json']) {
      const path = join(directory, name);
      expect(existsSync(path), path).to.equal(true);
      expect(statSync(path).mode & 0o077, path).to.equal(0);
    }
    expect(statSync(directory).mode & 0o077).to.equal(0);
  });

  it('ssh runs commands with their exit status, streams apart', async () => {
    const result = await world().wherry(['machine', 'ssh', MACHINE, 'echo out; echo err >&2; exit 9']);
    expect(result).to.include({ status: 9, stdout: 'out\n', stderr: 'err\n' });
    expect(await world().ok(['machine', 'ssh', MACHINE, '--', 'uname', '-m'])).to.equal('x86_64\n');
    const piped = await world().wherry(['machine', 'ssh', MACHINE, 'wc', '-c'], {
      input: 'x'.repeat(70_000),
    });
    expect(piped.stdout.trim()).to.equal('70000');
  });

  it('ignores a DOCKER_HOST that is not ours, with one line', async () => {
    const result = await world().wherry(['ps'], { env: { DOCKER_HOST: 'tcp://192.0.2.1:2375' } });
    expect(result.status).to.equal(0);
    expect(result.stderr).to.equal(
      `DOCKER_HOST=tcp://192.0.2.1:2375 is not a Wherry machine: ignored, using "${MACHINE}"\n`,
    );
  });

  it('keeps images and containers over a restart of the VM, which is what provision does', async () => {
    const first = await world().wherry([
      'run',
      '--name',
      'kept',
      world().image('busybox'),
      'sh',
      '-c',
      'exit 2',
    ]);
    expect(first.status, first.stderr).to.equal(2);
    await restartSharedMachine('provision');
    expect(await world().ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'kept'])).to.equal(
      'exited 2\n',
    );
    expect(await world().ok(['images', '-q', world().image('busybox')])).to.match(/^[0-9a-f]{12}\n/);
    await world().ok(['rm', 'kept']);
    expect(await world().ok(['run', '--rm', world().image('busybox'), 'echo', 'again'])).to.equal('again\n');
  });
});
