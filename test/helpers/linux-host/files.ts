/** What of Debian is there: what `apt` calls essential, as far as it is used, and a server's few. */
export const PACKAGES = [
  'base-files',
  'bash',
  'bsdutils',
  'busybox-static',
  'coreutils',
  'dash',
  'diffutils',
  'findutils',
  'grep',
  'gzip',
  'hostname',
  'iproute2',
  'kmod',
  'mawk',
  'mount',
  'nftables',
  'openssh-server',
  'passwd',
  'procps',
  'sed',
  'sudo',
  'systemd-sysv',
  'tar',
  'udev',
  'util-linux',
] as const;

export interface HostFile {
  readonly path: string;
  readonly content?: string;
  readonly mode?: number;
  readonly link?: string;
  readonly owner?: number;
}

/** The account without root's rights that may use sudo. */
export const TESTER = 'tester';
const SYSTEM = 'etc/systemd/system';
const UNITS = '/lib/systemd/system';
/** Of no use here, and each takes its part of an emulated second. */
const MASKED = [
  'systemd-hwdb-update.service',
  'systemd-journal-catalog-update.service',
  'systemd-journal-flush.service',
  'systemd-firstboot.service',
  'systemd-machine-id-commit.service',
  'systemd-update-done.service',
  'systemd-update-utmp.service',
  'systemd-update-utmp-runlevel.service',
  'systemd-pcrphase.service',
  'systemd-random-seed.service',
  'ldconfig.service',
  'getty@tty1.service',
  'getty-static.service',
  'serial-getty@ttyS0.service',
  'nftables.service',
  'systemd-user-sessions.service',
  'systemd-logind.service',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'dev-hugepages.mount',
  'systemd-udev-settle.service',
];

/** Made where a boot starts: the keys are a test's own. See `linux-host.ts`. */
export const KEY_DISK = '/dev/vdb';

/** Takes the test's keys from the second disk, a tar. */
const KEYS_UNIT = `[Unit]
DefaultDependencies=no
Before=ssh.service
After=local-fs.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'tar -xf ${KEY_DISK} -C / --no-same-owner --no-overwrite-dir'
[Install]
WantedBy=multi-user.target
`;

const SSHD = `Port 22
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
StrictModes no
AuthorizedKeysFile /etc/ssh/authorized_keys
`;

export function hostFiles(): HostFile[] {
  return [
    {
      path: 'etc/passwd',
      content: `root:x:0:0:root:/root:/bin/bash
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
systemd-network:x:998:998::/:/usr/sbin/nologin
messagebus:x:100:107::/nonexistent:/usr/sbin/nologin
${TESTER}:x:1000:1000::/home/${TESTER}:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`,
    },
    {
      path: 'etc/group',
      content: `root:x:0:
tty:x:5:
disk:x:6:
kmem:x:15:
utmp:x:43:
input:x:104:
sgx:x:105:
kvm:x:106:
messagebus:x:107:
render:x:108:
dialout:x:20:
cdrom:x:24:
tape:x:26:
audio:x:29:
video:x:44:
lp:x:7:
systemd-journal:x:999:
systemd-network:x:998:
${TESTER}:x:1000:
nogroup:x:65534:
`,
    },
    { path: 'etc/shadow', content: `root:*:20000::::::\n${TESTER}:*:20000::::::\n`, mode: 0o600 },
    { path: 'etc/sudoers.d/tester', content: `${TESTER} ALL=(ALL) NOPASSWD: ALL\n`, mode: 0o440 },
    // Without PAM's files sudo asks nobody who is.
    {
      path: 'etc/pam.d/sudo',
      content:
        'auth sufficient pam_permit.so\naccount sufficient pam_permit.so\nsession sufficient pam_permit.so\n',
    },
    { path: `home/${TESTER}/.profile`, content: '', owner: 1000 },
    { path: 'var/run', link: '/run' },
    { path: 'etc/hostname', content: 'somebodys\n' },
    { path: 'etc/hosts', content: '127.0.0.1 localhost somebodys\n' },
    { path: 'etc/machine-id', content: `${'5a'.repeat(16)}\n` },
    { path: 'etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' },
    { path: 'etc/resolv.conf', content: 'nameserver 10.0.2.3\n' },
    { path: 'etc/fstab', content: '/dev/vda / ext4 defaults 0 0\n' },
    { path: 'etc/ssh/sshd_config', content: SSHD },
    { path: 'etc/default/ssh', content: 'SSHD_OPTS=\n' },
    { path: 'usr/bin/sh', link: 'dash' },
    { path: 'usr/bin/awk', link: 'mawk' },
    {
      path: 'etc/systemd/network/10-all.network',
      content:
        '[Match]\nType=ether\nKind=!*\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\nDNS=10.0.2.3\n',
    },
    { path: 'etc/modules-load.d/net.conf', content: 'virtio_net\n' },
    { path: 'etc/systemd/journald.conf.d/volatile.conf', content: '[Journal]\nStorage=volatile\n' },
    { path: `${SYSTEM}/default.target`, link: `${UNITS}/multi-user.target` },
    { path: `${SYSTEM}/test-keys.service`, content: KEYS_UNIT },
    { path: `${SYSTEM}/multi-user.target.wants/test-keys.service`, link: `/${SYSTEM}/test-keys.service` },
    { path: `${SYSTEM}/multi-user.target.wants/ssh.service`, link: `${UNITS}/ssh.service` },
    {
      path: `${SYSTEM}/multi-user.target.wants/systemd-networkd.service`,
      link: `${UNITS}/systemd-networkd.service`,
    },
    ...MASKED.map((name) => ({ path: `${SYSTEM}/${name}`, link: '/dev/null' })),
  ];
}
