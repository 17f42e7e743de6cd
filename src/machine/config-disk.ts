import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { ustarArchive, type UstarMember } from '../core/tar/ustar.ts';
import { writeFileAtomic } from '../platform/atomic-file.ts';
import { CONFIG_DISK_MAGIC, CONFIG_FILES, type engineConfig } from '../protocol/boot/config-disk.ts';
import type { MachineFiles } from './store/filenames.ts';
import type { WayOut } from './way-out.ts';
import type { MachineConfig } from './store/machine-config.ts';

const MIB = 2 ** 20;

/**
 * Writes `config.img` (src/protocol/boot/config-disk.ts) anew: before every start, so that the guest's clock never
 * begins before `nowMs` and changed settings arrive. `accelerator` is what this start runs the VM on.
 */
export async function writeConfigDisk(
  files: MachineFiles,
  config: MachineConfig,
  start: {
    readonly accelerator: string;
    readonly nowMs: number;
    readonly wayOut?: Pick<WayOut, 'proxy' | 'certificates'> | undefined;
  },
): Promise<void> {
  const engine = {
    configVersion: 1,
    machineName: config.name,
    registryMirrors: config.engine.registryMirrors,
    insecureRegistries: config.engine.insecureRegistries,
    // The engine of an image from before this key refuses it: only machines that use it depend on it.
    ...(config.engine.labels.length === 0 ? {} : { labels: config.engine.labels }),
    ...(config.engine.userns === undefined ? {} : { userns: config.engine.userns }),
    ...(config.engine.hostAccess === undefined ? {} : { hostAccess: config.engine.hostAccess }),
    accelerator: start.accelerator,
  } satisfies z.input<typeof engineConfig>;
  const archive = ustarArchive(
    [
      member(CONFIG_DISK_MAGIC, ''),
      member(CONFIG_FILES.hostname, `${config.name}\n`),
      member(CONFIG_FILES.hostKey, await readFile(files.hostKey)),
      member(CONFIG_FILES.authorizedKeys, await readFile(files.clientPublicKey)),
      member(CONFIG_FILES.dockerSocket, files.dockerSocket),
      member(CONFIG_FILES.engine, JSON.stringify(engine)),
      member(CONFIG_FILES.epoch, `${Math.floor(start.nowMs / 1000)}\n`),
      ...(config.identity === undefined ? [] : [member(CONFIG_FILES.identity, `${config.identity}\n`)]),
      ...(start.wayOut === undefined ? [] : wayOutMembers(start.wayOut)),
    ],
    MIB,
  );
  await writeFileAtomic(files.configDisk, archive);
}

/** Only what there is: most machines need neither. */
function wayOutMembers({ proxy, certificates }: Pick<WayOut, 'proxy' | 'certificates'>): UstarMember[] {
  const trusts = certificates.all.length > 0 || Object.keys(certificates.hosts).length > 0;
  return [
    ...(Object.keys(proxy).length > 0 ? [member(CONFIG_FILES.proxy, JSON.stringify(proxy))] : []),
    ...(trusts ? [member(CONFIG_FILES.certificates, JSON.stringify(certificates))] : []),
  ];
}

function member(name: string, content: string | Uint8Array): UstarMember {
  return { name, content, mode: 0o600 };
}
