import { rm } from 'node:fs/promises';
import * as z from 'zod';
import { WherryError } from '../../core/errors.ts';
import type { Driver, MachineSpec, RunningVm, StartOptions } from '../driver.ts';
import { rotateLog } from '../guest/console-log.ts';
import { followBoot } from './boot.ts';
import {
  makeDataDisk,
  removeDisks,
  removeOldSystemDisks,
  requireDataDisk,
  requireUefiDisk,
  writeConfigVhdx,
} from './disks.ts';
import { systemHypervHost, type HypervHost } from './host.ts';
import { chooseSwitch, look } from './look.ts';
import { disksOf, displayName, identityOf, pipesOf } from './names.ts';
import { hypervOptions } from './options.ts';
import { preflight } from './preflight.ts';
import { runScript } from './powershell.ts';
import { endVm, killVm, stopVm } from './stop.ts';
import { readVmFile, removeVmFile, writeVmFile } from './vm-file.ts';
import { hypervState, isOff, isSaved, vmAnswer, vmStatus } from './vm-state.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** The Hyper-V driver. Never yet run on a real Windows: docs/platforms.md says what of it was seen to work, and how. */
export function createHypervDriver(host: HypervHost = systemHypervHost()): Driver {
  return {
    name: 'hyperv',
    capabilities: {
      lifecycle: true,
      composedImage: true,
      uefiDisk: true,
      foreignArch: false,
      ssh: true,
      hostForward: false,
      console: true,
    },
    preflight: (arch) => preflight(host, arch),
    // Hyper-V hears of a machine at its first start: only then do its files have their final places.
    create: makeDataDisk,
    start: (spec, options) => startVm(host, spec, options),
    stop: (spec, timeoutMs, options) => stopVm(host, spec, timeoutMs, options),
    kill: (spec) => killVm(host, spec),
    async remove(spec) {
      await runScript(host, 'remove', identityOf(spec), z.object({}));
      await removeDisks(spec);
      await removeVmFile(spec);
      for (const path of [spec.consoleLog, `${spec.consoleLog}.1`]) await rm(path, { force: true });
    },
    status: (spec) => vmStatus(host, spec),
  };
}

async function startVm(host: HypervHost, spec: MachineSpec, options: StartOptions): Promise<RunningVm> {
  const { signal } = options;
  const settings = hypervOptions.parse(spec.options);
  const parent = await requireUefiDisk(spec);
  const before = await refuseSecond(host, spec, signal);
  const switchId = chooseSwitch(await look(host, signal), settings.switch);
  await options.beforePowerOn?.({ accelerator: 'hyperv' });
  await requireDataDisk(spec);
  // A saved guest goes on with the disks that it knows.
  if (!isSaved(before)) await writeConfigVhdx(spec, signal);
  await rotateLog(spec.consoleLog);
  const starter = await host.processes.self();
  await writeVmFile(spec, { starter });
  try {
    await powerOn(host, spec, startRequest(host, spec, parent, switchId), {
      signal,
      resumes: isSaved(before),
    });
    const vm = await followBoot(host, spec, {
      ...options,
      onAddress: (address) => writeVmFile(spec, { starter, address }),
    });
    await writeVmFile(spec, { starter, address: vm.sshHost, started: true });
    await removeOldSystemDisks(spec);
    return vm;
  } catch (error) {
    await endVm(host, spec);
    throw error;
  }
}

/** Errors: {@link runScript}'s; `RESUME_FAILED`, which leaves what was saved: the next attempt may have the memory for it. */
async function powerOn(
  host: HypervHost,
  spec: MachineSpec,
  request: Readonly<Record<string, unknown>>,
  { signal, resumes }: { readonly signal: AbortSignal; readonly resumes: boolean },
): Promise<void> {
  try {
    await runScript(host, 'start', request, vmAnswer, { signal });
  } catch (error) {
    if (!resumes || !(error instanceof WherryError) || error.code !== 'HYPERV_FAILED') throw error;
    throw new WherryError({
      code: 'RESUME_FAILED',
      message: `"${spec.name}" does not go on where it was saved: ${error.message}`,
      hint: `Boot it, without what it had in memory:  wherry machine restart ${spec.name}`,
      cause: error,
    });
  }
}

function startRequest(
  host: HypervHost,
  spec: MachineSpec,
  parent: string,
  switchId: string,
): Readonly<Record<string, unknown>> {
  return {
    ...identityOf(spec),
    name: displayName(spec),
    cpus: spec.cpus,
    memoryBytes: spec.memoryMiB * MIB,
    switchId,
    disks: { parent, ...disksOf(spec), dataBytes: spec.diskGiB * GIB },
    pipes: pipesOf(host, spec),
  };
}

/** What a killed start left half-booted goes. @returns Hyper-V's name for the state before */
async function refuseSecond(
  host: HypervHost,
  spec: MachineSpec,
  signal: AbortSignal,
): Promise<string | undefined> {
  const state = await hypervState(host, spec, signal);
  if (isOff(state)) return state;
  if ((await readVmFile(spec)) === undefined) {
    throw new WherryError({
      code: 'NOT_OUR_START',
      message: `"${spec.name}" runs on Hyper-V without Wherry having started it`,
      hint: `End it first:  wherry machine kill ${spec.name}`,
    });
  }
  if ((await vmStatus(host, spec)).status === 'error') {
    await endVm(host, spec);
    return 'Off';
  }
  throw new WherryError({
    bare: true,
    code: 'ALREADY_RUNNING',
    message: `Machine "${spec.name}" is already running.`,
  });
}
