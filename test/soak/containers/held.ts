/** What an engine and its machine hold, by name; numbers that must be back where they were when all containers are gone. */
export type Held = Readonly<Record<string, number>>;

/**
 * Prints `NAME NUMBER` lines. For busybox's sh and others. Its words: one of the engine's command line, the cgroup below
 * which the containers' are, the engine's data and run directories.
 */
export const HELD_SCRIPT = `
engine=$1; cgroup=$2; data=$3; run=$4
for p in /proc/[0-9]*; do
  case "$(tr '\\0' ' ' < $p/cmdline 2>/dev/null)" in
    *unshare*|*nsenter*|*" -s "*|"sh -c"*) ;;
    *node*"$engine"*) pid=\${p#/proc/} ;;
  esac
done
echo fds $(ls /proc/$pid/fd | wc -l)
echo mounts $(wc -l < /proc/$pid/mountinfo)
echo namespaces $(grep -c ' nsfs ' /proc/$pid/mountinfo)
echo cgroups $(find $cgroup -mindepth 1 -type d | wc -l)
echo interfaces $(ip -o link 2>/dev/null | wc -l)
echo rules $(nft list ruleset 2>/dev/null | wc -l)
echo files $(find $data $run | wc -l)
echo monitors $(grep -l 'conmon[-]pidfile' /proc/[0-9]*/cmdline 2>/dev/null | wc -l)
echo zombies $(cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z ')
echo diskKiB $(du -sk $data | cut -f1)
echo engineKiB $(sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\) kB/\\1/p' /proc/$pid/status)
`;

/** @throws Error for an output that isn't {@link HELD_SCRIPT}'s */
export function parseHeld(output: string): Held {
  const held = Object.fromEntries(
    output
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name = '', count = '']) => [name, Number(count === '' ? Number.NaN : count)]),
  );
  const missing = Object.entries(held).find(([, count]) => Number.isNaN(count));
  if (missing !== undefined) throw new Error(`no number of ${missing[0]} in:\n${output}`);
  return held;
}

/** How much more there may be of something afterwards: what isn't named, not one. */
const SLACK: Readonly<Record<string, number>> = {
  // Connections that are about to close.
  fds: 2,
  diskKiB: 64,
};

/** Garbage that V8 hasn't collected; what leaks shows in the tally of a long soak. */
const ENGINE_SLACK_KIB = 64 * 1024;

/** What there is more of than before; '' for nothing. */
export function leaked(before: Held, after: Held, engineSlackKiB: number = ENGINE_SLACK_KIB): string {
  const slack: typeof SLACK = { ...SLACK, engineKiB: engineSlackKiB };
  return Object.entries(after)
    .filter(([name, count]) => count > (before[name] ?? 0) + (slack[name] ?? 0))
    .map(([name, count]) => `${name}: ${before[name]} before, ${count} after`)
    .join('; ');
}
