import { availableParallelism } from 'node:os';
import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { availableCapabilities, effectiveCapabilities } from '../../oci/capabilities.ts';
import { EVERY_DEVICE, allDevices, devicesFromPath, parseDeviceRule } from '../../oci/devices.ts';
import type { DeviceGrant } from '../../oci/devices.ts';
import { MASKED_PATHS, READONLY_PATHS, thermalThrottlePaths } from '../../oci/paths.ts';
import { DEVICE_RULES } from '../../oci/resources.ts';
import { seccompFrom } from '../../oci/seccomp/custom-profile.ts';
import { defaultSeccomp } from '../../oci/seccomp/profile.ts';
import { parseSecurityOptions } from '../../oci/security-options.ts';
import type { OciSeccomp } from '../../oci/spec.ts';

type Wishes = Pick<
  HostConfig,
  | 'Privileged'
  | 'CapAdd'
  | 'CapDrop'
  | 'SecurityOpt'
  | 'MaskedPaths'
  | 'ReadonlyPaths'
  | 'Devices'
  | 'DeviceCgroupRules'
>;

/** Everything that keeps a container's processes from the VM, or doesn't. */
export interface Privileges {
  readonly capabilities: readonly string[];
  readonly noNewPrivileges: boolean;
  readonly seccomp: OciSeccomp | undefined;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly writableSys: boolean;
  readonly writableCgroups: boolean;
}

/** `--privileged` is all capabilities and devices, nothing masked, no filter but one that was asked for by name. */
export function privilegesOf(host: Wishes, arch: 'amd64' | 'arm64'): Privileges {
  const { Privileged: privileged } = host;
  const options = parseSecurityOptions(host.SecurityOpt);
  const capabilities = capabilitiesOf(host);
  return {
    capabilities,
    noNewPrivileges: options.noNewPrivileges,
    seccomp: seccompFor(options.seccomp ?? (privileged ? 'unconfined' : 'default'), arch, capabilities),
    maskedPaths: maskedPathsOf(host),
    readonlyPaths: privileged ? [] : (host.ReadonlyPaths ?? READONLY_PATHS),
    writableSys: privileged,
    writableCgroups: privileged || options.writableCgroups,
  };
}

export function maskedPathsOf(host: Pick<Wishes, 'Privileged' | 'MaskedPaths'>): readonly string[] {
  if (host.Privileged) return [];
  return host.MaskedPaths ?? [...MASKED_PATHS, ...thermalThrottlePaths(availableParallelism())];
}

export function capabilitiesOf(host: Pick<Wishes, 'Privileged' | 'CapAdd' | 'CapDrop'>): readonly string[] {
  return host.Privileged ? availableCapabilities() : effectiveCapabilities(host.CapAdd, host.CapDrop);
}

function seccompFor(
  wanted: NonNullable<ReturnType<typeof parseSecurityOptions>['seccomp']>,
  arch: 'amd64' | 'arm64',
  capabilities: readonly string[],
): OciSeccomp | undefined {
  if (wanted === 'unconfined') return undefined;
  if (wanted === 'default') return defaultSeccomp(arch, capabilities);
  return seccompFrom(wanted, { arch, capabilities });
}

/**
 * The devices that a container finds and those that it may use (moby v28, daemon/oci_linux.go WithDevices).
 *
 * @throws EngineError system for a path that is no device
 */
export function deviceGrantOf(host: Wishes): DeviceGrant {
  if (host.Privileged) {
    const others = host.Devices.filter(
      ({ PathOnHost, PathInContainer }) => PathOnHost !== PathInContainer && PathInContainer !== '',
    );
    return {
      devices: [...allDevices(), ...others.flatMap((mapping) => devicesFromPath(mapping).devices)],
      rules: EVERY_DEVICE,
    };
  }
  const grants = host.Devices.map(devicesFromPath);
  return {
    devices: grants.flatMap(({ devices }) => devices),
    rules: [
      ...DEVICE_RULES,
      ...grants.flatMap(({ rules }) => rules),
      ...host.DeviceCgroupRules.map(parseDeviceRule),
    ],
  };
}
