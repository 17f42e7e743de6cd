import { join } from 'node:path';
import type { AutostartPlan, AutostartRequest } from './plan.ts';

/**
 * A user's unit (systemd.unit(5), systemd.service(5)): its VM and agent live in the unit's cgroup, so it stays active
 * after its command has ended, and stops the machine in order when the session of systemd ends.
 */
export function systemdPlan(request: AutostartRequest): AutostartPlan {
  const unit = `${request.name}.service`;
  const configured = request.env['XDG_CONFIG_HOME'];
  const config =
    configured === undefined || configured === '' ? join(request.homeDirectory, '.config') : configured;
  const lines = [
    '[Unit]',
    `Description=Wherry machine "${request.machine}"`,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    ...Object.entries(request.environment).map(
      ([name, value]) => `Environment=${quoted(`${name}=${value}`, false)}`,
    ),
    `ExecStart=${words(request.start)}`,
    `ExecStop=${words(request.stop)}`,
    // A start that composes an image first, and a stop that waits for containers.
    'TimeoutStartSec=900',
    'TimeoutStopSec=90',
    '',
    '[Install]',
    'WantedBy=default.target',
    '',
  ];
  return {
    file: join(config, 'systemd', 'user', unit),
    // What `enable` makes of WantedBy (systemd.unit(5), [Install]).
    mark: join(config, 'systemd', 'user', 'default.target.wants', unit),
    content: lines.join('\n'),
    // Has systemd read its units again, too.
    enable: [['systemctl', '--user', 'enable', unit]],
    disable: [['systemctl', '--user', 'disable', unit]],
    afterwards: [['systemctl', '--user', 'daemon-reload']],
    note: `It starts when you log in. At boot, without a login:  loginctl enable-linger ${request.user}`,
  };
}

/** systemd.service(5), Command lines: the program can't be a variable, so a `$` in it is one; `$$` would be two. */
const words = (argv: readonly string[]): string =>
  argv.map((word, index) => quoted(word, index > 0)).join(' ');

/** systemd.syntax(7), Quoting: C escapes in double quotes. `%` is a specifier everywhere, `$` a variable in arguments. */
function quoted(word: string, isArgument: boolean): string {
  const escaped = word
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('%', '%%');
  return `"${isArgument ? escaped.replaceAll('$', '$$$$') : escaped}"`;
}
