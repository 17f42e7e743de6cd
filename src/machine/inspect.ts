import { X509Certificate } from 'node:crypto';
import type { MachineContext } from './context.ts';
import type { EngineSettings } from './store/machine-config.ts';
import { maskVariable } from './engine-settings.ts';
import { isRunning, loadMachine, stateName } from './lifecycle.ts';

/** `machine inspect`: docker-machine's shape, with the fields that scripts read under docker-machine's names. */
export interface MachineInspection {
  readonly ConfigVersion: number;
  readonly Driver: Readonly<Record<string, unknown>>;
  readonly DriverName: string;
  readonly HostOptions: Readonly<Record<string, unknown>>;
  readonly Name: string;
}

/** Errors: `MACHINE_NOT_FOUND`, `CONFIG_BROKEN`. */
export async function inspectMachine(context: MachineContext, name: string): Promise<MachineInspection> {
  const machine = await loadMachine(context, name);
  const { config, files } = machine;
  const vm = isRunning(machine) ? machine.vm : undefined;
  return {
    ConfigVersion: config.configVersion,
    Driver: {
      MachineName: config.name,
      StorePath: context.store.home,
      State: stateName(machine),
      IPAddress: vm?.sshHost ?? '',
      SSHUser: 'root',
      SSHPort: vm?.sshPort ?? 0,
      SSHKeyPath: files.clientKey,
      Arch: config.arch,
      CPU: config.cpus,
      Memory: config.memoryMiB,
      DiskSize: config.diskGiB * 1024,
      Accelerator: vm?.accelerator ?? '',
      ImageId: config.imageId,
      CreatedAt: config.createdAt,
      Options: config.driverOptions,
    },
    DriverName: config.driver,
    HostOptions: {
      Driver: '',
      Memory: 0,
      Disk: 0,
      EngineOptions: engineOptions(config.engine),
      SwarmOptions: SWARM_OPTIONS,
      AuthOptions: { StorePath: files.directory },
    },
    Name: config.name,
  };
}

/** docker-machine's `HostOptions.SwarmOptions`: there is no swarm. */
export const SWARM_OPTIONS = {
  IsSwarm: false,
  Address: '',
  Discovery: '',
  Agent: false,
  Master: false,
  Host: '',
} as const;

/** docker-machine's `HostOptions.EngineOptions`; passwords of proxies are masked. */
export function engineOptions(engine: EngineSettings): Readonly<Record<string, unknown>> {
  return {
    ArbitraryFlags: engineFlags(engine),
    InsecureRegistry: engine.insecureRegistries,
    RegistryMirror: engine.registryMirrors,
    Labels: engine.labels,
    Env: (engine.env ?? []).map(maskVariable),
    CertificateAuthorities: (engine.certificateAuthorities ?? []).map(describeCertificate),
    StorageDriver: 'erofs',
    Ipv6: false,
    TlsVerify: false,
  };
}

function describeCertificate(pem: string) {
  const { subject, validTo, fingerprint256 } = new X509Certificate(pem);
  return { Subject: subject.replaceAll('\n', ', '), ValidTo: validTo, Fingerprint: fingerprint256 };
}

/** As `machine create --engine-opt` takes them. */
function engineFlags({ userns, hostAccess }: EngineSettings): string[] {
  return [
    ...(userns === undefined ? [] : [`userns=${userns}`]),
    ...(hostAccess === undefined ? [] : ['host-access=off']),
  ];
}
