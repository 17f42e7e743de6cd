# $1: how many seconds it may take. As root. Starts the service, anew where it runs, and passes on the readiness lines until the engine answers.
set -eu
fifo=/run/wherry/ready
systemctl reset-failed wherry-engine.service 2> /dev/null || true
# Nothing of root's in /tmp: others on the host could have put a symlink there.
if ! said=$(systemctl restart wherry-engine.service 2>&1); then
  printf '%s\n' "$said" >&2
  journalctl -q -n 20 -o cat -u wherry-engine.service >&2 || true
  exit 1
fi
status=0
timeout "$1" sh -c 'while read -r line; do
  printf "%s\n" "$line"
  case $line in *\"event\":\"engine\"*) exit 0 ;; *\"event\":\"failed\"*) exit 3 ;; esac
done < "$0"; exit 4' "$fifo" || status=$?
if [ "$status" != 0 ]; then
  journalctl -q -n 20 -o cat -u wherry-engine.service >&2 || true
fi
exit "$status"
