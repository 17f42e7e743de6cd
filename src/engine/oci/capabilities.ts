import { readFileSync } from 'node:fs';
import { invalid } from '../errors.ts';
import type { OciCapabilities, SpecMutator } from './spec.ts';

/** What a Docker container gets unless told otherwise (moby v28, oci/caps/defaults.go). */
export const DEFAULT_CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
];

/** Every capability of Linux 6.12 (linux/capability.h), in the kernel's order. */
export const ALL_CAPABILITIES = `
CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN
SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE
MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE
`
  .trim()
  .split(/\s+/)
  .map((name) => `CAP_${name}`);

let available: readonly string[] | undefined;

/** What `ALL` is: the capabilities that the engine itself has to give, by its bounding set (capabilities(7)). */
export function availableCapabilities(): readonly string[] {
  available ??= capabilitiesIn(readFileSync('/proc/self/status', 'utf8'));
  return available;
}

/** @param status the text of a /proc/PID/status */
export function capabilitiesIn(status: string): readonly string[] {
  const bits = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return ALL_CAPABILITIES.filter((_, bit) => (bits >> BigInt(bit)) & 1n);
}

/**
 * Applies `--cap-add` and `--cap-drop` to Docker's defaults: names with or without `CAP_`, any case, and `ALL`.
 *
 * @throws EngineError invalidParameter for a name that Linux doesn't have, in moby's words (oci/caps/utils.go)
 */
export function effectiveCapabilities(
  add: readonly string[],
  drop: readonly string[],
  all: readonly string[] = availableCapabilities(),
): string[] {
  const adds = add.map((name) => normalize(name, 'CapAdd'));
  const drops = drop.map((name) => normalize(name, 'CapDrop'));
  const start = adds.includes('ALL') ? all : drops.includes('ALL') ? [] : DEFAULT_CAPABILITIES;
  const lacking = adds.find((name) => name !== 'ALL' && !all.includes(name));
  if (lacking !== undefined) {
    throw invalid(
      `invalid CapAdd: capability not supported by your kernel or not available in the current environment: "${lacking}"`,
    );
  }
  const kept = start.filter((name) => !drops.includes(name));
  const extra = adds.filter((name) => name !== 'ALL' && !kept.includes(name));
  return [...new Set([...kept, ...extra])];
}

function normalize(name: string, field: string): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!ALL_CAPABILITIES.includes(full)) throw invalid(`invalid ${field}: unknown capability: "${full}"`);
  return full;
}

/**
 * The five sets. A user other than root starts with none in effect but may gain the bounding ones through set-user-id
 * programs; none are inheritable or ambient (CVE-2022-24769).
 */
export function capabilitySets(capabilities: readonly string[], uid: number): OciCapabilities {
  const own = uid === 0 ? capabilities : [];
  return { bounding: capabilities, effective: own, permitted: own, inheritable: [], ambient: [] };
}

export const withCapabilities =
  (capabilities: readonly string[]): SpecMutator =>
  (spec) => {
    spec.process.capabilities = capabilitySets(capabilities, spec.process.user.uid);
  };
