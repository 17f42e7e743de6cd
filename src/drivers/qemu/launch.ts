import { readFile, rm } from 'node:fs/promises';
import type { DetachedProcess } from '../../platform/exec.ts';
import type { ProcessIdentity } from '../../platform/process-identity.ts';
import type { MachineSpec } from '../driver.ts';
import { vmArgv } from './argv/compose.ts';
import type { Hardware } from './argv/machine.ts';
import { rotateLog } from '../guest/console-log.ts';
import { createPortPicker, localEndpoint, monitorEndpoint } from './endpoint.ts';
import type { QemuHost } from './host.ts';
import { qemuLogPath, removeTraces, writeVmFile, type VmFile } from './vm-file.ts';

/** A QEMU that was started, before anything is known of its guest. */
export interface LaunchedVm {
  readonly child: DetachedProcess;
  /** Undefined if it ended at once. */
  readonly identity: ProcessIdentity | undefined;
  readonly file: VmFile;
  /** What QEMU has written to stderr so far. */
  output(): Promise<string>;
}

/** Starts QEMU for a machine, leaving a trail in `vm.json` by which any later process finds it. */
export async function launch(
  host: QemuHost,
  spec: MachineSpec,
  binary: string,
  hardware: Hardware,
): Promise<LaunchedVm> {
  await removeTraces(spec);
  const ports = createPortPicker();
  const ready = await localEndpoint(host.platform, spec.runDirectory, 'ready', ports);
  const qmp = await monitorEndpoint(host.platform, spec.runDirectory, ports);
  for (const channel of [ready, qmp]) if (channel?.kind === 'unix') await rm(channel.path, { force: true });
  const sshPort = await ports.next();
  const starter = await host.processes.self();
  const intent: VmFile = { starter, accelerator: hardware.accelerator, sshPort, qmp, ready };
  await writeVmFile(spec, intent);
  await rotateLog(spec.consoleLog);
  await rm(qemuLogPath(spec), { force: true });
  const argv = vmArgv(spec, { binary, hardware, sshPort, ready, qmp });
  const child = await host.exec.spawnDetached(argv, { outputFile: qemuLogPath(spec) });
  const identity = await host.processes.identify(child.pid);
  const file = identity === undefined ? intent : { ...intent, process: identity };
  await writeVmFile(spec, file);
  return { child, identity, file, output: () => readFile(qemuLogPath(spec), 'utf8') };
}

/** Ends a VM that this process started and takes its traces away; resolves when it has gone. */
export async function abandon(host: QemuHost, spec: MachineSpec, vm: LaunchedVm): Promise<void> {
  if (vm.identity !== undefined) await host.processes.signal(vm.identity, 'SIGKILL');
  await vm.child.exited;
  await removeTraces(spec);
}
