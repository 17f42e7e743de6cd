import type { MachineConfig } from './machine-config.ts';
import type { MachineFiles } from './filenames.ts';

/** The part of a driver's MachineSpec that follows from the stored machine; whoever starts it adds the boot image. */
export function storedSpec(files: MachineFiles, config: MachineConfig) {
  return {
    name: config.name,
    arch: config.arch,
    cpus: config.cpus,
    memoryMiB: config.memoryMiB,
    diskGiB: config.diskGiB,
    directory: files.directory,
    runDirectory: files.runDirectory,
    dataDisk: files.dataDisk,
    configDisk: files.configDisk,
    consoleLog: files.consoleLog,
    ssh: { clientKey: files.clientKey, knownHosts: files.knownHosts },
    options: config.driverOptions,
  } as const;
}

/**
 * A boot image that isn't there, for looking at or ending a VM: neither reads the image's files, and both must work
 * when they are gone.
 */
export function absentImage(config: MachineConfig) {
  return {
    id: config.imageId,
    arch: config.arch,
    kernel: '',
    initrd: '',
    systemDisk: '',
    commandLine: '',
  } as const;
}
