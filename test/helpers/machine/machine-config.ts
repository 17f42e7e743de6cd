import type { MachineConfig } from '../../../src/machine/store/machine-config.ts';

/** A valid configuration, with what a test cares about put in. */
export function machineConfigOf(fields: Partial<MachineConfig>): MachineConfig {
  return {
    configVersion: 1,
    name: 'default',
    driver: 'fake',
    arch: 'amd64',
    cpus: 2,
    memoryMiB: 1024,
    diskGiB: 20,
    imageId: 'sha256:0',
    driverOptions: {},
    engine: { insecureRegistries: [], registryMirrors: [], labels: [] },
    createdAt: '2026-11-21T12:00:00.000Z',
    ...fields,
  };
}
