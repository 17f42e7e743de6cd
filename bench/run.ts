import type { World } from '../test/helpers/e2e-world.ts';
import { benchBreakdown } from './breakdown.ts';
import { figure, type Figure } from './statistics.ts';
import { timings } from './timing.ts';

/**
 * Bare crun over the same root and the same config.json, no conmon, timed inside the guest: what a container costs at
 * the least. The bundle is a running container's own, with a network namespace of its own instead of the sandbox's.
 */
const BARE_CRUN = `
set -e
id=$1; runs=$2
bundle=$(ls -d /run/wherry/containers/$id /var/lib/wherry/containers/$id 2>/dev/null | while read -r d; do [ -e "$d/config.json" ] && echo "$d"; done | head -n 1)
work=/tmp/bare; mkdir -p $work
node -e '
const fs = require("node:fs");
const spec = JSON.parse(fs.readFileSync(process.argv[1] + "/config.json", "utf8"));
spec.process.args = ["true"];
spec.process.terminal = false;
for (const space of spec.linux.namespaces) if (space.type === "network") delete space.path;
spec.linux.cgroupsPath = "/bare";
fs.writeFileSync("/tmp/bare/config.json", JSON.stringify(spec));
' "$bundle"
i=0
while [ $i -le $runs ]; do
  read -r a _ < /proc/uptime
  start=$(cut -d" " -f1 /proc/uptime)
  crun run --bundle $work bare-$i </dev/null >/dev/null
  echo "$start $(cut -d" " -f1 /proc/uptime)"
  i=$((i+1))
done
`;

/** Warm containers, from the host. Budget: \`run --rm busybox true\` ≤ 5 × bare crun, exec ≤ 3 ×. */
export async function benchRun(world: World, runs: number): Promise<Figure[]> {
  const image = world.image('busybox');
  const id = (await world.ok(['run', '-d', image, 'sleep', '600'])).trim();
  try {
    const output = await world.ok(['machine', 'ssh', 'e2e', '--', 'sh', '-s', id, String(runs)], {
      input: BARE_CRUN,
    });
    const bare = output
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number))
      .map(([start = 0, end = 0]) => (end - start) * 1000)
      .slice(1);
    const crun = figure('bare crun run', 'ms', bare);
    const run = await timings(runs, () => world.ok(['run', '--rm', image, 'true']));
    const noNetwork = await timings(runs, () =>
      world.ok(['run', '--rm', '--network', 'none', image, 'true']),
    );
    const exec = await timings(runs, () => world.ok(['exec', id, 'true']));
    const whole = {
      run: figure('run --rm busybox true', 'ms', run, crun),
      exec: figure('exec true', 'ms', exec, crun),
      container: id,
    };
    return [
      crun,
      whole.run,
      figure('run --rm --network none', 'ms', noNetwork, crun),
      whole.exec,
      ...(await benchBreakdown(world, runs, whole)),
    ];
  } finally {
    await world.ok(['rm', '-f', id]);
  }
}
