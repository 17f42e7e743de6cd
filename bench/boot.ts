import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeArgv } from '../src/drivers/qemu/argv/compose.ts';
import { findQemu } from '../src/drivers/qemu/binary.ts';
import { systemQemuHost } from '../src/drivers/qemu/host.ts';
import { imageDirectory, readManifest } from '../src/image-builder/store/image-store.ts';
import type { Accelerator } from '../src/drivers/qemu/options.ts';
import { watch } from 'node:fs';
import { Client } from '../test/contract/engine/containers/client.ts';
import { MACHINE, type World } from '../test/helpers/e2e-world.ts';
import { figure, type Figure } from './statistics.ts';
import { timed } from './timing.ts';

/**
 * `machine start`, from the command's own start to the engine's first answer, against the same kernel booting a trivial
 * init (the initrd's `wherry.probe`, console quiet in both) under the same QEMU, accelerator and processors.
 *
 * The first answer is that to `GET /version` on the machine's docker.sock, asked as soon as the command has ended. The
 * second figure goes on until a `wherry version` has printed it, which is another process of the CLI's: what a person
 * waits for who types both.
 */
export async function benchBoot(world: World, runs: number): Promise<Figure[]> {
  const [imageId = ''] = (await world.ok(['machine', 'inspect', MACHINE, '-f', '{{.Driver.ImageId}}']))
    .trim()
    .split('\n');
  const accelerator = (
    await world.ok(['machine', 'inspect', MACHINE, '-f', '{{.Driver.Accelerator}}'])
  ).trim() as Accelerator;
  const client = new Client(join(world.home, 'machines', MACHINE, 'docker.sock'));
  const trivials: number[] = [];
  const answers: number[] = [];
  const commands: number[] = [];
  // In turns, so that whatever else this computer does weighs on both alike.
  for (let run = 0; run < runs; run += 1) {
    await world.ok(['machine', 'stop', MACHINE]);
    trivials.push(await timed(() => trivialBoot(world, imageId, accelerator)));
    const answer = await timed(async () => {
      await world.ok(['machine', 'start', MACHINE]);
      const { status, text } = await client.call('GET', '/version');
      if (status !== 200) throw new Error(`the engine's first answer is ${status}: ${text}`);
    });
    answers.push(answer);
    commands.push(answer + (await timed(() => world.ok(['version', '--format', '{{.Server.Version}}']))));
  }
  const trivial = figure('trivial init', 'ms', trivials);
  return [
    trivial,
    figure("machine start, to the engine's first answer", 'ms', answers, trivial),
    figure('the same and `wherry version`', 'ms', commands, trivial),
  ];
}

async function trivialBoot(world: World, imageId: string, accelerator: Accelerator): Promise<void> {
  const host = systemQemuHost();
  const qemu = await findQemu(host, 'amd64');
  const imagesDir = join(world.home, 'images');
  const { commandLine } = await readManifest(imagesDir, imageId);
  const directory = mkdtempSync(join(tmpdir(), 'wherry-bench-'));
  const ready = join(directory, 'ready.sock');
  const image = {
    kernel: join(imageDirectory(imagesDir, imageId), 'vmlinux'),
    initrd: join(imageDirectory(imagesDir, imageId), 'initrd'),
    commandLine,
  };
  const hardware = {
    arch: 'amd64',
    accelerator,
    platform: process.platform,
    version: qemu.version,
    cpus: 2,
    memoryMiB: 2048,
  } as const;
  const [binary = '', ...args] = probeArgv(image, {
    binary: qemu.path,
    hardware,
    ready: { kind: 'unix', path: ready },
    consoleLog: join(directory, 'console'),
  }).map((word) => word.replace(' ignore_loglevel', ''));
  const child = spawn(binary, args, { stdio: 'ignore' });
  try {
    const socket = await connectWhenThere(directory, ready);
    await firstLine(socket);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
    rmSync(directory, { recursive: true, force: true });
  }
}

/** QEMU makes the socket before the guest runs; the directory says when to try again. */
async function connectWhenThere(directory: string, path: string): Promise<Socket> {
  const watcher = watch(directory);
  try {
    for (;;) {
      const changed = once(watcher, 'change');
      const socket = await tryConnect(path);
      if (socket !== undefined) return socket;
      await changed;
    }
  } finally {
    watcher.close();
  }
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket)).once('error', () => resolve(undefined));
  });
}

async function firstLine(socket: Socket): Promise<void> {
  for await (const chunk of socket) if (String(chunk).includes('"probe"')) return;
  throw new Error('the trivial VM ended without a word');
}
