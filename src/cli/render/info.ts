import { binarySize } from '../../core/units.ts';
import type { HostCpu } from '../cpu-features.ts';

/** An answer of `GET /info`, the parts that are shown. */
export interface ServerInfo {
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly ServerVersion: string;
  readonly Driver: string;
  readonly CgroupDriver: string;
  readonly CgroupVersion: string;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Name: string;
  readonly DefaultRuntime: string;
  readonly SecurityOptions?: readonly string[] | null;
  readonly HttpProxy?: string;
  readonly HttpsProxy?: string;
  readonly NoProxy?: string;
}

export interface MachineFacts {
  readonly name: string;
  readonly driver: string;
  readonly state: string;
  readonly accelerator: string;
  readonly url: string;
}

export function renderInfo(
  client: { readonly version: string; readonly cpu: HostCpu; readonly machine: MachineFacts },
  server: ServerInfo,
): string {
  const { cpu, machine } = client;
  const features =
    cpu.features.length > 0 ? cpu.features.join(' ') : `unknown (${cpu.reason ?? 'none reported'})`;
  return [
    'Client:',
    ` Version:       ${client.version}`,
    ` CPU:           ${cpu.model}`,
    ` CPU Features:  ${features}`,
    ` Machine:       ${machine.name}`,
    `  Driver:       ${machine.driver}`,
    `  State:        ${machine.state}`,
    `  Accelerator:  ${machine.accelerator}`,
    `  Socket:       ${machine.url}`,
    '',
    'Server:',
    ` Containers: ${server.Containers}`,
    `  Running: ${server.ContainersRunning}`,
    `  Paused: ${server.ContainersPaused}`,
    `  Stopped: ${server.ContainersStopped}`,
    ` Images: ${server.Images}`,
    ` Server Version: ${server.ServerVersion}`,
    ` Storage Driver: ${server.Driver}`,
    ` Cgroup Driver: ${server.CgroupDriver}`,
    ` Cgroup Version: ${server.CgroupVersion}`,
    ` Default Runtime: ${server.DefaultRuntime}`,
    ` Kernel Version: ${server.KernelVersion}`,
    ` Operating System: ${server.OperatingSystem}`,
    ` OSType: ${server.OSType}`,
    ` Architecture: ${server.Architecture}`,
    ` CPUs: ${server.NCPU}`,
    ` Total Memory: ${binarySize(server.MemTotal)}`,
    ` Name: ${server.Name}`,
    ...proxies(server),
  ].join('\n');
}

function proxies({ HttpProxy = '', HttpsProxy = '', NoProxy = '' }: ServerInfo): string[] {
  return [
    ...(HttpProxy === '' ? [] : [` HTTP Proxy: ${HttpProxy}`]),
    ...(HttpsProxy === '' ? [] : [` HTTPS Proxy: ${HttpsProxy}`]),
    ...(NoProxy === '' ? [] : [` No Proxy: ${NoProxy}`]),
  ];
}
