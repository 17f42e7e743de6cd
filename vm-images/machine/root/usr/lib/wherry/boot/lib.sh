# Shared by the boot scripts; sourced, never run. Applets of busybox run without an exec here, so they are cheap.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin
config=/run/wherry/config
data=/var/lib/wherry
modules=/usr/lib/modules/$(uname -r)

# One line to the host (protocol/boot/readiness.ts). The FIFO never blocks: `ready` holds it open and the port behind it.
say() {
  printf '%s\n' "$1" > /run/wherry/ready
}

# To the console; as a service of somebody's Linux, to its journal.
complain() {
  if [ "${WHERRY_HOST:-}" = elsewhere ]; then echo "wherry: $1" >&2; else echo "wherry: $1" > /dev/console; fi
}

# $1: the unit, $2: what happened. The machine stays up: the host decides, and the console may be looked at.
fail() {
  text=$(printf '%s' "$2" | tr '\n\t' '  ' | sed 's/[\\"]/\\&/g')
  complain "$1: $2"
  say "{\"event\":\"failed\",\"unit\":\"$1\",\"message\":\"$text\"}"
}

# The value of a word on the kernel's command line, or nothing.
cmdline_value() {
  read -r words < /proc/cmdline
  for word in $words; do
    case $word in "$1="*) printf '%s' "${word#*=}" ;; esac
  done
}

# Loads the modules that a file lists, one path below $modules a line, dependencies first. One that is there already
# (the kernel asked modprobe for it a moment ago) is no failure.
load() {
  while read -r module; do
    if ! error=$(insmod "$modules/$module" 2>&1); then
      name=${module##*/}
      name=${name%.ko}
      [ -d "/sys/module/$(printf '%s' "$name" | tr - _)" ] || fail modules "$module: $error"
    fi
  done < "$1"
}
