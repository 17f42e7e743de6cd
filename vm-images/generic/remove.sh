# $1: the owner. As root. Ends the service with its containers and takes away all that install.sh put here. Nothing there is fine.
set -u
if [ -r /var/lib/wherry/owner ] && [ "$(head -n 1 /var/lib/wherry/owner)" != "$1" ]; then
  echo "the host is another Wherry machine: $(head -n 1 /var/lib/wherry/owner)" >&2
  exit 1
fi
unit=/etc/systemd/system/wherry-engine.service
if [ -e "$unit" ]; then
  systemctl disable --quiet --now wherry-engine.service || exit 1
  rm -f "$unit"
  systemctl daemon-reload
fi
systemctl reset-failed --quiet wherry-engine.service 2> /dev/null
rm -rf /run/wherry /run/wherry.sock /var/lib/wherry
[ ! -e /var/lib/wherry ]
