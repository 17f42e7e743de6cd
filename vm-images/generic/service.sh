#!/bin/sh
# /var/lib/wherry/service on the host: the engine's surroundings, which a VM's init would make. The programs and their
# libraries all come from the image; of the host only these few: sh, mount, unshare, mkfifo.
#
#   service prepare   what both sides need before it starts
#   service run       does not end by itself
#   service clean     what is left in the kernel when it has ended
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
base=/var/lib/wherry
root=$base/root
run=/run/wherry

# In a mount namespace of its own: the image becomes the root. Mounts die with the namespace.
enter() {
  mount -t erofs -o ro,loop "$base/system.erofs" "$root"
  for name in dev sys proc; do mount --rbind "/$name" "$root/$name"; done
  # Of the host's /run only what is ours: crun and others keep things there by name.
  mount -t tmpfs -o mode=755,nosuid,nodev wherry-run "$root/run"
  mkdir "$root/run/wherry" "$root/run/lock"
  mount --bind "$run" "$root/run/wherry"
  mount -t tmpfs -o mode=755,nosuid,nodev wherry-var "$root/var"
  mkdir -p "$root/var/lib/wherry" "$root/var/log" "$root/var/tmp" "$root/var/cache"
  chmod 1777 "$root/var/tmp"
  mount --bind "$base/data" "$root/var/lib/wherry"
  mount -t tmpfs -o mode=1777,nosuid,nodev wherry-tmp "$root/tmp"
  mount -t tmpfs -o mode=700,nosuid,nodev wherry-home "$root/root"
  cd "$root"
  # The image's own: pivot_root(8) isn't everywhere.
  usr/bin/busybox pivot_root . mnt
  cd /
  umount -l /mnt
}

case ${1:-} in
prepare)
  modprobe -q -a overlay erofs loop nf_tables bridge veth || true
  rm -rf "$run" /run/wherry.sock
  mkdir -p "$run/config" "$run/etc"
  chmod 711 "$run"
  chmod 700 "$run/config"
  mkfifo -m 600 "$run/ready" "$run/go"
  (umask 077 && cp "$base"/config/* "$run/config/")
  # The image's /etc has links to these. The resolver of systemd-resolved's is on a loopback that containers don't have.
  resolv=/etc/resolv.conf
  [ -r /run/systemd/resolve/resolv.conf ] && resolv=/run/systemd/resolve/resolv.conf
  cp "$resolv" "$run/etc/resolv.conf" || : > "$run/etc/resolv.conf"
  cp /etc/hosts "$run/etc/hosts"
  hostname > "$run/etc/hostname"
  : > "$run/past-seam"
  ln -s wherry/engine.sock /run/wherry.sock
  ;;
run)
  exec unshare --mount --cgroup --propagation private /bin/sh "$0" inside
  ;;
inside)
  enter
  # The kernel refuses the same filesystem on itself.
  umount -l /sys/fs/cgroup
  mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
  exec /usr/lib/wherry/boot/service
  ;;
clean)
  # Whoever waits for readiness lines hears that none will come.
  if [ "${SERVICE_RESULT:-success}" != success ] && [ -p "$run/ready" ]; then
    echo '{"event":"failed","unit":"service","message":"its service ended"}' 1<> "$run/ready"
  fi
  exec unshare --mount --propagation private /bin/sh "$0" clean-inside
  ;;
clean-inside)
  enter
  exec /usr/lib/wherry/boot/clean
  ;;
*)
  echo "usage: $0 prepare|run|clean" >&2
  exit 64
  ;;
esac
