import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { connectPipe, systemHypervHost, type HypervHost } from '../../../../src/drivers/hyperv/host.ts';
import { DEFAULT_SWITCH } from '../../../../src/drivers/hyperv/look.ts';
import { lines } from '../../../../src/drivers/guest/lines.ts';
import type { ExecOptions, ExecResult } from '../../../../src/platform/exec.ts';
import { POWER_OFF_LINE, SAY_AGAIN_LINE } from '../../../../src/protocol/boot/power.ts';

export const GUEST_ADDRESS = '172.20.1.5';

/** What every script finds its machine by. */
const identity = z.strictObject({ mark: z.string(), directory: z.string() });

/** What start.ps1 is asked. */
export const startRequest = z.strictObject({
  mark: z.string(),
  name: z.string(),
  directory: z.string(),
  cpus: z.int(),
  memoryBytes: z.int(),
  switchId: z.string(),
  disks: z.strictObject({
    parent: z.string(),
    system: z.string(),
    data: z.string(),
    dataBytes: z.int(),
    config: z.string(),
  }),
  pipes: z.strictObject({ console: z.string(), ready: z.string() }),
});

export type StartRequest = z.infer<typeof startRequest>;

/** What look.ps1 answers on a Windows that is ready. */
export const READY = {
  module: true,
  service: true,
  administrator: false,
  member: true,
  listed: true,
  user: 'S-1-5-21-1-2-3-1001',
  switches: [{ id: DEFAULT_SWITCH, name: 'Default Switch' }],
};

interface Vm {
  readonly definition: StartRequest;
  /** The mark, or nothing where a crash came before it. */
  notes: string;
  state: string;
  close: () => Promise<void>;
}

/**
 * A computer with Hyper-V: answers our scripts as they would answer there (test/contract/drivers/hyperv/cmdlets.ts names
 * the pages), and has a guest behind each VM's serial ports that says its readiness lines. Unix sockets stand for pipes.
 */
export class FakeHyperv {
  facts: Record<string, unknown> = READY;
  readonly calls: { readonly script: string; readonly request: unknown }[] = [];
  /** Set: the pipes refuse this session, as Windows does. */
  denyPipes = false;
  /** What stop.ps1 is asked for that fails, and what never ends. */
  failing: readonly string[] = [];
  hanging: readonly string[] = [];
  /** How often a guest was told by its serial port to power off. */
  orderlyPowerOffs = 0;
  /** The next start.ps1 is killed between New-VM and the mark. */
  crashing = false;
  readonly #vms = new Set<Vm>();
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  host(change: Partial<HypervHost> = {}): HypervHost {
    return {
      ...systemHypervHost(),
      platform: 'win32',
      env: {},
      pipeName: (name) => join(this.#root, name.replace(/^wherry-[0-9a-f]+-/, '')),
      connectPipe: (path) =>
        this.denyPipes
          ? Promise.reject(Object.assign(new Error('denied'), { code: 'EPERM' }))
          : connectPipe(path),
      exec: {
        run: async (argv, options = {}) => {
          options.signal?.throwIfAborted();
          const script = basename(argv.at(-1) ?? '', '.ps1');
          const request: unknown = JSON.parse(String(options.input));
          this.calls.push({ script, request });
          if (script === 'stop' && this.hanging.includes(howOf(request))) return outwaited(options);
          const stdout = `${JSON.stringify(await this.#answer(script, request))}\n`;
          return { exitCode: 0, signal: undefined, timedOut: false, stdout, stderr: '' };
        },
      },
      ...change,
    };
  }

  /** As from Hyper-V Manager. */
  setState(state: string): void {
    for (const vm of this.#vms) vm.state = state;
  }

  /** What the VMs are made of; one where a machine has one. */
  definitions(): StartRequest[] {
    return [...this.#vms].map(({ definition }) => definition);
  }

  async end(): Promise<void> {
    for (const vm of this.#vms) await vm.close();
  }

  async #answer(script: string, request: unknown): Promise<unknown> {
    try {
      return { ok: await this.#work(script, request) };
    } catch (error) {
      return { error: { id: 'Fake', category: 'NotSpecified', message: String(error) } };
    }
  }

  async #work(script: string, request: unknown): Promise<unknown> {
    if (script === 'look') return this.facts;
    if (script === 'start') return this.#start(startRequest.parse(request));
    const { how, ...which } = identity.extend({ how: z.string().optional() }).parse(request);
    if (how !== undefined && this.failing.includes(how)) throw new Error(`it fails to ${how}`);
    const vm = this.#find(which);
    switch (script) {
      case 'state':
        return { vm: vm === undefined ? null : { id: 'id', state: vm.state } };
      case 'stop':
        if (vm?.state === 'Saved' && how === 'resume') vm.state = 'Running';
        else if (vm?.state === 'Saved' && how === 'discard') await vm.close();
        if (vm === undefined || how === 'resume' || vm.state === 'Off' || vm.state === 'Saved') return {};
        if (how !== 'save') await vm.close();
        vm.state = how === 'save' ? 'Saved' : 'Off';
        return {};
      case 'remove':
        await vm?.close();
        if (vm !== undefined) this.#vms.delete(vm);
        return {};
      default:
        throw new Error(`no script ${script}`);
    }
  }

  /** As Find-Machine of lib.ps1. */
  #find({ mark, directory }: z.infer<typeof identity>): Vm | undefined {
    const all = [...this.#vms];
    const hasDisk = (vm: Vm): boolean => vm.definition.disks.system.startsWith(join(directory, 'system-'));
    return all.find(({ notes }) => notes === mark) ?? all.find((vm) => vm.notes === '' && hasDisk(vm));
  }

  async #start(definition: StartRequest): Promise<unknown> {
    const { disks } = definition;
    for (const path of [disks.parent, disks.data, disks.config])
      if (!existsSync(path)) throw new Error(`no ${path}`);
    const before = this.#find(definition);
    if (before?.state === 'Saved') {
      if (this.failing.includes('resume')) throw new Error('it fails to resume');
      if (before.definition.disks.system !== disks.system) throw new Error('another system disk');
      before.state = 'Running';
    } else {
      if (before !== undefined && before.state !== 'Off') throw new Error(`it is ${before.state}`);
      writeFileSync(disks.system, `differs from ${disks.parent}`);
      const vm: Vm = { definition, notes: '', state: 'Off', close: () => Promise.resolve() };
      if (before !== undefined) this.#vms.delete(before);
      this.#vms.add(vm);
      if (this.crashing) throw new Error('killed before the mark');
      [vm.notes, vm.state] = [definition.mark, 'Running'];
      vm.close = await guest(
        definition,
        () => (vm.state = 'Off'),
        () => (this.orderlyPowerOffs += 1),
      );
    }
    return { vm: { id: 'id', state: 'Running' } };
  }
}

function howOf(request: unknown): string {
  return z.object({ how: z.string() }).parse(request).how;
}

/** A program that never ends by itself, as the real port to programs has it. */
async function outwaited({ signal, timeoutMs }: ExecOptions): Promise<ExecResult> {
  const limits = [signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)];
  const until = AbortSignal.any(limits.filter((limit) => limit !== undefined));
  if (!until.aborted) await once(until, 'abort');
  signal?.throwIfAborted();
  return { exitCode: undefined, signal: 'SIGTERM', timedOut: true, stdout: '', stderr: '' };
}

/** A guest at its serial ports: what it says while nobody listens is lost. Powers off when it is told to. */
async function guest(
  { disks, pipes }: StartRequest,
  onOff: () => void,
  onPowerOffLine: () => void,
): Promise<() => Promise<void>> {
  const said = disks.parent.includes('broken')
    ? [{ event: 'booted' }, { event: 'failed', unit: 'data', message: 'no disk' }]
    : [
        { event: 'booted', kernelMs: 5 },
        { event: 'ssh', address: GUEST_ADDRESS },
        { event: 'engine', version: '1' },
      ];
  const sockets = new Set<Socket>();
  const listen = async (path: string, serve: (socket: Socket) => void): Promise<Server> => {
    await rm(path, { force: true });
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      serve(socket);
    });
    server.listen(path);
    await once(server, 'listening');
    return server;
  };
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    onOff();
    for (const socket of sockets) socket.destroy();
    const closed = servers.splice(0).map((server) => once(server.close(), 'close'));
    await Promise.all(closed);
  };
  servers.push(await listen(pipes.console, (socket) => socket.write('the fake kernel starts\n')));
  servers.push(
    await listen(pipes.ready, (socket) => {
      socket.write('half a line that no\none began with\n');
      lines(socket, (text) => {
        if (text === SAY_AGAIN_LINE) for (const line of said) socket.write(`${JSON.stringify(line)}\n`);
        if (text !== POWER_OFF_LINE) return;
        onPowerOffLine();
        void close();
      });
    }),
  );
  return close;
}
