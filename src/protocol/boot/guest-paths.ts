/** Where things are inside the VM. The recipe's init, the engine and the host's SSH client all go by this table. */
export const GUEST = {
  /** Docker Engine API, root-only unix socket. */
  engineSocket: '/run/wherry.sock',
  /** The engine's requests to the host's agent (src/protocol/agent/ports.ts); root-only unix socket. */
  hostSocket: '/run/wherry/host.sock',
  /** Directories of the host's, between the engine and the host's agent (src/protocol/agent/shares.ts); root-only unix socket. */
  sharesSocket: '/run/wherry/shares.sock',
  /** The host's directories, each mounted in a directory of this. */
  sharesDir: '/run/wherry/shares',
  /** Mounts one: `share KEY rw|ro` (vm-images/machine). */
  shareCommand: '/usr/lib/wherry/boot/share',
  /** Where the agent brings datagrams of published ports (src/protocol/agent/datagrams.ts); root-only unix socket. */
  datagramSocket: '/run/wherry/datagrams.sock',
  /** The FIFO that readiness lines are written to; one process in the guest holds the virtio-serial port behind it. */
  readyPort: '/run/wherry/ready',
  /** What was unpacked from the config disk (tmpfs, 0700). */
  configDir: '/run/wherry/config',
  /** The data disk's mount point: everything that survives a VM restart. */
  dataDir: '/var/lib/wherry',
  /** The engine's bundle and its native module, in the system disk. */
  engineDir: '/usr/lib/wherry',
  node: '/usr/bin/node',
} as const;

/** The name of the virtio-serial port as QEMU gives it (`-device virtserialport,name=…`). */
export const READY_PORT_NAME = 'org.wherry.ready';
