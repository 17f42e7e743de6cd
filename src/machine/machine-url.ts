import type { MachineContext } from './context.ts';
import { dockerUrl, endpointUrl } from './docker-url.ts';
import { loadMachine, requireRunning, type RunningMachine } from './lifecycle.ts';

/** The machine's DOCKER_HOST value. Its agent serves every machine, also those whose engine is elsewhere. */
export function urlOf(machine: RunningMachine): string {
  const { endpoint } = machine.vm;
  if (endpoint?.kind === 'tcp') return endpointUrl(endpoint);
  return dockerUrl(machine.files.dockerSocket);
}

/** `machine url`. Errors: `MACHINE_NOT_FOUND`, `HOST_NOT_RUNNING`. */
export async function machineUrl(context: MachineContext, name: string): Promise<string> {
  return urlOf(requireRunning(await loadMachine(context, name)));
}

/** `machine ip`: where published ports are reached. Errors as {@link machineUrl}. */
export async function machineIp(context: MachineContext, name: string): Promise<string> {
  const { vm } = requireRunning(await loadMachine(context, name));
  if (vm.endpoint?.kind === 'tcp') return vm.endpoint.host;
  return vm.sshHost === '' ? '127.0.0.1' : vm.sshHost;
}
