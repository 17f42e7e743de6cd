import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { EngineError, invalid } from '../errors.ts';
import { deviceMajor, deviceMinor } from '../sys/files.ts';
import { hasCode } from '../sys/errno.ts';
import type { OciDevice, OciDeviceRule, SpecMutator } from './spec.ts';

/** An entry of HostConfig.Devices. */
export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  /** Of `rwm`. */
  readonly CgroupPermissions: string;
}

export interface DeviceGrant {
  readonly devices: readonly OciDevice[];
  readonly rules: readonly OciDeviceRule[];
}

/**
 * The device at a path of the VM, or all devices below a directory (moby v28, oci/devices_linux.go).
 *
 * @throws EngineError system in moby's words if there is none
 */
export function devicesFromPath(mapping: DeviceMapping): DeviceGrant {
  const { PathOnHost: wanted, CgroupPermissions: access } = mapping;
  const inContainer = mapping.PathInContainer || wanted;
  const devices = find(wanted, inContainer);
  return { devices, rules: devices.map((device) => ruleFor(device, access || 'rwm')) };
}

function find(wanted: string, inContainer: string): OciDevice[] {
  let found: OciDevice[] = [];
  let reason = 'not a device node';
  try {
    const path = realpathSync(wanted);
    const stat = statSync(path);
    found = stat.isDirectory() ? below(path, inContainer) : deviceOf(inContainer, stat);
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
    reason = 'no such file or directory';
  }
  if (found.length > 0) return found;
  throw new EngineError(
    'system',
    `error gathering device information while adding custom device "${wanted}": ${reason}`,
  );
}

/** What is mounted in /dev for other purposes, and the console, which a container gets its own of. */
const NOT_FOR_CONTAINERS = ['pts', 'shm', 'fd', 'mqueue', 'console'];

/** Every device of the VM, for a privileged container. */
export function allDevices(): OciDevice[] {
  return readdirSync('/dev')
    .filter((name) => !NOT_FOR_CONTAINERS.includes(name))
    .flatMap((name) => entryAt(join('/dev', name), join('/dev', name)));
}

const below = (directory: string, inContainer: string): OciDevice[] =>
  readdirSync(directory).flatMap((name) => entryAt(join(directory, name), join(inContainer, name)));

/** Links and whatever else isn't a device are left out. */
function entryAt(path: string, inContainer: string): OciDevice[] {
  try {
    const stat = lstatSync(path);
    return stat.isDirectory() ? below(path, inContainer) : deviceOf(inContainer, stat);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []; // It has been unplugged while we looked.
    throw error;
  }
}

function deviceOf(path: string, stat: Stats): OciDevice[] {
  const type = stat.isCharacterDevice() ? 'c' : stat.isBlockDevice() ? 'b' : undefined;
  if (type === undefined) return [];
  const { uid, gid, rdev, mode } = stat;
  const [major, minor] = [deviceMajor(rdev), deviceMinor(rdev)];
  return [{ path, type, major, minor, fileMode: mode & 0o7777, uid, gid }];
}

const ruleFor = ({ type, major, minor }: OciDevice, access: string): OciDeviceRule => ({
  allow: true,
  type,
  major,
  minor,
  access,
});

/** Any device, anything: what a privileged container may do. */
export const EVERY_DEVICE: readonly OciDeviceRule[] = [{ allow: true, access: 'rwm' }];

const RULE = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/;

/** `--device-cgroup-rule`: `c 10:229 rwm`, `b 8:* r`. @throws EngineError invalidParameter in moby's words */
export function parseDeviceRule(text: string): OciDeviceRule {
  const [, type, major = '', minor = '', access = ''] = RULE.exec(text) ?? [];
  if (type !== 'a' && type !== 'b' && type !== 'c') {
    throw invalid(`invalid device cgroup rule format: '${text}'`);
  }
  return {
    allow: true,
    type,
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  };
}

/** After the mutator that sets the cgroup's resources, whose rules for devices these replace. */
export const withDevices =
  ({ devices, rules }: DeviceGrant): SpecMutator =>
  (spec) => {
    if (devices.length > 0) spec.linux.devices = devices;
    spec.linux.resources.devices = rules;
  };
