/**
 * A program that looks like QEMU from outside: same arguments, sockets, QMP and exit, with a guest that is a script.
 * Words on the kernel's command line choose what the guest does: `test.failed`, `test.silent` (no lines),
 * `test.panic`, `test.refuse` (QEMU itself fails), `test.deaf` (no reaction to the power button), `test.port-taken`
 * (fails once, as if the port had been taken meanwhile).
 */
import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

const argv = process.argv.slice(2);
const after = (option: string): string[] => argv.filter((_, index) => argv[index - 1] === option);
const does = new Set((after('-append')[0] ?? '').split(' ').filter((word) => /^(test|wherry)\./.test(word)));

function chardev(id: string): string | undefined {
  const value = after('-chardev').find((text) => text.includes(`id=${id},`));
  const path = /path=((?:[^,]|,,)+)/.exec(value ?? '')?.[1];
  return path?.replaceAll(',,', ',');
}

/** The socket's path, or the port where QEMU would listen on the loopback. */
function socketOf(id: string): string | number | undefined {
  const value = after('-chardev').find((text) => text.includes(`id=${id},`));
  const port = /,host=127\.0\.0\.1,port=(\d+),/.exec(value ?? '')?.[1];
  return port === undefined ? chardev(id) : Number(port);
}

function fail(message: string): never {
  console.error(`qemu-system-x86_64: ${message}`);
  process.exit(1);
}

const consoleLog = chardev('console') ?? fail('no console');
if (does.has('test.refuse')) fail('-accel kvm: failed to initialize kvm: No such device');
if (does.has('test.port-taken') && !existsSync(`${consoleLog}.taken`)) {
  writeFileSync(`${consoleLog}.taken`, '');
  fail("-netdev user,id=net0: Could not set up host forwarding rule 'tcp:127.0.0.1:42200-:22'");
}
if (!does.has('test.silent')) appendFileSync(consoleLog, '[    0.0] Linux version 6.12\n');

function serve(at: string | number | undefined, onConnection: (socket: Socket) => void): void {
  const server = createServer(onConnection);
  if (typeof at === 'number') server.listen(at, '127.0.0.1');
  else if (at !== undefined) server.listen(at);
}

function end(status: number): void {
  process.exit(status);
}

const GUEST_LINES = [
  '{"event":"booted","kernelMs":1500}',
  '{"event":"ssh"}',
  '{"event":"engine","version":"1"}',
];
let hasBooted = false;
serve(socketOf('ready'), (socket) => {
  socket.on('error', (error) => console.error(error.message));
  socket.on('data', (chunk) => {
    // Beside a power button that works the guest may be deaf here, as one without that unit is.
    const hasButton = chardev('qmp') !== undefined;
    if (!hasButton && !does.has('test.deaf') && chunk.toString() === '{"command":"poweroff"}\n') end(0);
  });
  if (does.has('test.silent') || hasBooted) return;
  hasBooted = true;
  if (does.has('wherry.probe')) {
    socket.end('{"event":"probe"}\n', () => end(0));
    return;
  }
  if (does.has('test.panic')) {
    appendFileSync(consoleLog, '[    1.0] Kernel panic - not syncing: VFS: no root\n[    1.1] CPU: 0\n');
    setTimeout(end, 10, 0);
    return;
  }
  const failed = '{"event":"failed","unit":"data","message":"no ext4"}';
  const lines = does.has('test.failed') ? [GUEST_LINES[0], failed] : ['not ours', ...GUEST_LINES];
  socket.write(`${lines.join('\n')}\n`);
});

let runState = 'running';
serve(socketOf('qmp'), (socket) => {
  socket.on('error', (error) => console.error(error.message));
  socket.write('{"QMP":{"version":{"qemu":{"major":7}},"capabilities":["oob"]}}\n');
  socket.on('data', (chunk) => {
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      const { execute, id } = JSON.parse(line) as { execute: string; id: number };
      if (execute === 'stop') runState = 'paused';
      if (execute === 'cont') runState = 'running';
      // What a full disk is to QEMU: a file beside the console's log, as long as it is there.
      const isFull = existsSync(`${consoleLog}.full`);
      if (isFull) runState = 'io-error';
      const answer = execute === 'query-status' ? { status: runState } : {};
      socket.write(`${JSON.stringify({ return: answer, id })}\n`);
      if (isFull && execute === 'cont') socket.write('{"event":"STOP"}\n');
      if (execute === 'quit' || (execute === 'system_powerdown' && !does.has('test.deaf'))) {
        socket.end('{"event":"SHUTDOWN","data":{"guest":true}}\n', () => end(0));
      }
    }
  });
});
