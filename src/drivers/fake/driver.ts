import { appendFile, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { WherryError } from '../../core/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../../platform/atomic-file.ts';
import type { ReadinessLine } from '../../protocol/boot/readiness.ts';
import type { Driver, MachineSpec, RunningVm } from '../driver.ts';

const LINES: readonly ReadinessLine[] = [
  { event: 'booted', kernelMs: 1 },
  { event: 'ssh' },
  { event: 'engine', version: 'fake' },
];

/** `fake-vm.json` in the machine's directory is the VM: where it exists, the machine runs, for every process. */
const vmFile = z.object({ state: z.enum(['running', 'paused']) });

/**
 * A driver without a VM: the lifecycle, the readiness lines, a console log and a data disk are real, and its engine is
 * whatever listens on the socket that `--fake-engine-socket` names. `--fake-fail STEP` makes a step fail.
 */
export function createFakeDriver(): Driver {
  return {
    name: 'fake',
    capabilities: {
      lifecycle: true,
      composedImage: false,
      foreignArch: true,
      ssh: false,
      hostForward: false,
      console: true,
      fileDisk: true,
    },
    preflight: () => Promise.resolve([{ level: 'ok', subject: 'Fake', message: 'nothing is needed' }]),
    async create(spec) {
      failIfAsked(spec, 'preflight');
      failIfAsked(spec, 'create');
      const disk = await open(spec.dataDisk, 'a', 0o600);
      await disk.close();
    },
    async start(spec, options) {
      options.signal.throwIfAborted();
      if ((await readVm(spec)) !== undefined) {
        throw new WherryError({
          bare: true,
          code: 'ALREADY_RUNNING',
          message: `Machine "${spec.name}" is already running.`,
        });
      }
      await options.beforePowerOn?.({ accelerator: 'fake' });
      await appendFile(spec.consoleLog, 'the fake kernel starts\n', { mode: 0o600 });
      if (spec.options['fail'] === 'start') throw bootFailure(spec);
      await writeFileAtomic(vmPath(spec), JSON.stringify({ state: 'running' }));
      for (const line of LINES) options.onLine(line);
      return vmOf(spec);
    },
    async stop(spec) {
      failIfAsked(spec, 'stop');
      await rm(vmPath(spec), { force: true });
    },
    async kill(spec) {
      await rm(vmPath(spec), { force: true });
    },
    async remove(spec) {
      for (const path of [vmPath(spec), spec.dataDisk, spec.consoleLog]) await rm(path, { force: true });
    },
    async status(spec) {
      if (spec.options['fail'] === 'status') return { status: 'error', reason: 'it was told to be broken' };
      const vm = await readVm(spec);
      return vm === undefined ? { status: 'stopped' } : { status: vm.state, vm: vmOf(spec) };
    },
  };
}

function vmPath(spec: MachineSpec): string {
  return join(spec.directory, 'fake-vm.json');
}

async function readVm(spec: MachineSpec): Promise<z.infer<typeof vmFile> | undefined> {
  const text = await readTextIfExists(vmPath(spec));
  return text === undefined ? undefined : vmFile.parse(JSON.parse(text));
}

function vmOf(spec: MachineSpec): RunningVm {
  const path = spec.options['engineSocket'];
  return {
    sshHost: '',
    sshPort: 0,
    accelerator: 'fake',
    ...(typeof path === 'string' ? { endpoint: { kind: 'unix', path } } : {}),
  };
}

function failIfAsked(spec: MachineSpec, step: string): void {
  if (spec.options['fail'] !== step) return;
  throw new WherryError({
    code: 'FAKE_FAILURE',
    message: `"${spec.name}" was told to fail at ${step}`,
    // As a failed pre-create check.
    exitCode: step === 'preflight' ? 3 : 1,
  });
}

function bootFailure(spec: MachineSpec): WherryError {
  return new WherryError({
    code: 'BOOT_FAILED',
    message: `"${spec.name}" did not boot: it was told not to (last step: kernel)`,
    hint: `The whole console:  wherry machine logs ${spec.name}`,
  });
}
