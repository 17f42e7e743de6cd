# Looks at a host and changes nothing: one "key=value" a line. Runs as whoever logs in.
export PATH="$PATH:/usr/sbin:/sbin"
say() { printf '%s=%s\n' "$1" "$2"; }
has() { command -v "$1" > /dev/null 2>&1; }
# A filesystem or module that is there, or that modprobe would load.
kernel_has() { grep -qw "$1" /proc/filesystems || [ -d "/sys/module/$1" ] || modprobe -n -q "$1" > /dev/null 2>&1; }

say system "$(uname -s)"
say release "$(uname -r)"
say machine "$(uname -m)"
say uid "$(id -u)"
say home "$HOME"
if [ "$(id -u)" = 0 ]; then say root yes
elif ! has sudo; then say root no-sudo
elif sudo -n true < /dev/null > /dev/null 2>&1; then say root yes
else say root password
fi
[ -d /run/systemd/system ] && say systemd yes
say cgroup "$(stat -f -c %T /sys/fs/cgroup 2> /dev/null)"
say controllers "$(cat /sys/fs/cgroup/cgroup.controllers 2> /dev/null)"
for name in overlay erofs loop nf_tables bridge veth; do
  kernel_has "$name" && say "kernel.$name" yes
done
for name in mount unshare tar gzip sha256sum systemctl mkfifo timeout; do
  has "$name" && say "tool.$name" yes
done
[ -d /sys/class/net/docker0 ] && say docker yes
place=/var/lib
[ -d /var/lib/wherry ] && place=/var/lib/wherry
say filesystem "$(stat -f -c %T "$place" 2> /dev/null)"
say freeKiB "$(df -Pk "$place" 2> /dev/null | awk 'END { print $4 }')"
[ -r /var/lib/wherry/owner ] && say owner "$(head -n 1 /var/lib/wherry/owner)"
[ -e /etc/systemd/system/wherry-engine.service ] && say service yes
exit 0
