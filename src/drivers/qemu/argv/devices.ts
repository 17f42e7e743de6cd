import { READY_PORT_NAME } from '../../../protocol/boot/guest-paths.ts';
import type { LocalEndpoint } from '../endpoint.ts';
import { optionValue } from './escape.ts';

/** The id of the user network: `hostfwd_add` and `hostfwd_remove` name it. */
export const NETDEV = 'net0';

interface Disk {
  readonly id: string;
  readonly file: string;
  readonly writable: boolean;
}

/** The disks in the order of `DISK_ORDER`: `/dev/vda`, `/dev/vdb`, `/dev/vdc`. */
export function diskArguments(disks: { system: string; data: string; config: string }): string[] {
  return [
    { id: 'system', file: disks.system, writable: false },
    { id: 'data', file: disks.data, writable: true },
    { id: 'config', file: disks.config, writable: false },
  ].flatMap(disk);
}

/** `-blockdev` takes JSON, which spares the file's name every escaping (QEMU docs, qemu-qmp-ref, blockdev-add). */
function disk({ id, file, writable }: Disk): string[] {
  const shared = writable ? { discard: 'unmap' } : { 'read-only': true };
  const node = {
    driver: 'raw',
    'node-name': id,
    ...shared,
    ...(writable ? { 'detect-zeroes': 'unmap' } : {}),
    // A read-only disk is shared by machines and may be looked at by tools; the data disk keeps QEMU's lock,
    // so that two VMs can never write to it.
    file: { driver: 'file', filename: file, ...shared, ...(writable ? {} : { locking: 'off' }) },
  };
  return ['-blockdev', JSON.stringify(node), '-device', `virtio-blk-pci,drive=${id},serial=${id}`];
}

/** User-mode network. Without an address a forward would listen on all interfaces. */
export function networkArguments(sshPort: number): string[] {
  return [
    '-netdev',
    `user,id=${NETDEV},ipv6=off,hostfwd=tcp:127.0.0.1:${sshPort}-:22`,
    // romfile= : no network boot, so no ROM file needed.
    '-device',
    `virtio-net-pci,netdev=${NETDEV},romfile=`,
  ];
}

export function channelArguments(channels: {
  readonly ready: LocalEndpoint;
  readonly qmp: LocalEndpoint | undefined;
}): string[] {
  const { ready, qmp } = channels;
  const monitor =
    qmp === undefined
      ? []
      : ['-chardev', `socket,id=qmp,${socketOptions(qmp)}`, '-mon', 'chardev=qmp,mode=control'];
  return [...readyArguments(ready), ...monitor];
}

/** The readiness port; the probe has it without QMP. */
export function readyArguments(ready: LocalEndpoint): string[] {
  return [
    '-device',
    'virtio-serial-pci,max_ports=2',
    '-chardev',
    `socket,id=ready,${socketOptions(ready)}`,
    '-device',
    `virtserialport,chardev=ready,name=${READY_PORT_NAME}`,
  ];
}

function socketOptions(endpoint: LocalEndpoint): string {
  const where =
    endpoint.kind === 'unix'
      ? `path=${optionValue(endpoint.path)}`
      : `host=${endpoint.host},port=${endpoint.port},ipv4=on`;
  return `${where},server=on,wait=off`;
}

export function consoleArguments(file: string): string[] {
  return ['-chardev', `file,id=console,path=${optionValue(file)},append=on`, '-serial', 'chardev:console'];
}

/** Entropy, and memory that the guest gives back to this computer. */
export function sundryArguments(): string[] {
  return [
    '-object',
    'rng-builtin,id=rng',
    '-device',
    'virtio-rng-pci,rng=rng',
    '-device',
    'virtio-balloon-pci,free-page-reporting=on,deflate-on-oom=on',
  ];
}
