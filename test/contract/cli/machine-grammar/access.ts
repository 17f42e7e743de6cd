import type { MachineCase } from '../../../helpers/cli/machine-case.ts';
import { extra, NO_DEFAULT, notRunning, unknown } from './messages.ts';

const one = { default: 'running' } as const;
const off = { a: 'stopped' } as const;
/** The fake driver has no VM to log into. */
const noSsh = 'Error: "default" has the driver "fake", which gives no SSH access\n';

export const ACCESS: readonly MachineCase[] = [
  { line: 'ssh', status: 1, err: NO_DEFAULT },
  { line: 'ssh', given: one, status: 1, err: noSsh },
  { line: 'ssh default uname -m', given: one, status: 1, err: noSsh },
  { line: 'ssh default -- uname -m', given: one, status: 1, err: noSsh },
  { line: 'ssh default -L 1:localhost:2 uname', given: one, status: 1, err: noSsh },
  { line: '--native-ssh ssh default -v uname', given: one, status: 1, err: noSsh },
  { line: 'ssh a true', given: off, status: 1, err: notRunning('a') },
  { line: 'ssh nope true', status: 1, err: unknown('nope') },
  { line: 'scp', status: 1, err: /^Error: Missing 2 required args: from .* to .*\n/ },
  { line: 'scp x', input: 'y\n', status: 1, err: /^Error: Missing 1 required arg: to/ },
  { line: 'scp x y', status: 1, err: 'Error: neither "x" nor "y" is of a machine (NAME:PATH)\n' },
  { line: 'scp default:x y z', given: one, status: 1, err: /^Error: Unexpected argument: z\n/ },
  { line: 'scp nope:x HOME/y', status: 1, err: unknown('nope') },
  { line: 'scp a:x HOME/y', given: off, status: 1, err: notRunning('a') },
  { line: 'scp -r -q a:x HOME/y', given: off, status: 1, err: notRunning('a') },
  { line: 'scp default:x HOME/y', given: one, status: 1, err: noSsh },
  {
    line: 'scp -d default:x HOME/y',
    given: one,
    status: 1,
    err: `Note: --delta: machines have no rsync, everything is sent\n${noSsh}`,
  },
  { line: 'autostart', out: /^Usage: wherry machine autostart / },
  { line: 'autostart status', status: 1, err: NO_DEFAULT },
  { line: 'autostart status a', given: off, env: { XDG_CONFIG_HOME: 'HOME/config' }, out: 'disabled\n' },
  { line: 'autostart status nope', status: 1, err: unknown('nope') },
  { line: 'autostart enable nope', status: 1, err: unknown('nope') },
  { line: 'autostart disable nope', status: 1, err: unknown('nope') },
  { line: 'autostart run nope', status: 1, err: unknown('nope') },
  { line: 'autostart run a', given: off, err: /^✔ Start .*\n$/, after: 'a Running' },
  { line: 'autostart run', given: one, out: '', err: '', after: 'default Running' },
  { line: 'autostart bogus', status: 1, err: /'machine autostart bogus' is not a wherry command/ },
  { line: 'logs', status: 1, err: NO_DEFAULT },
  { line: 'logs nope', status: 1, err: unknown('nope') },
  { line: 'logs a', given: off, status: 1, err: 'Error: machine "a" has no console log yet\n' },
  { line: 'logs --agent a', given: off, status: 1, err: 'Error: machine "a" has no agent log yet\n' },
  { line: 'logs a b', given: off, status: 1, err: extra('b') },
  { line: 'set', given: off, status: 1, err: NO_DEFAULT },
  { line: 'set a', given: off, status: 1, err: /^Error: nothing to set\n/ },
  { line: 'set nope --cpus 2', status: 1, err: unknown('nope') },
  { line: 'set a b --cpus 2', given: off, status: 1, err: extra('b') },
  { line: 'set a --cpus 0', given: off, status: 1, err: /Expected an integer greater than or equal to 1/ },
  { line: 'set a --cpus 2 --memory 3g', given: off, out: '' },
  {
    line: 'set --cpus 1',
    given: one,
    err: 'Restart the machine for this to take effect: wherry machine restart default\n',
  },
  { line: 'set --cpus 2', given: one, out: '' },
  { line: 'set --cpus 1 --restart', given: one, err: /✔ Stop[\s\S]*✔ Start/, after: 'default Running' },
  {
    line: 'set n --cpus 2',
    given: { n: { driver: 'none', driverOptions: { url: 'tcp://127.0.0.1:1' } } },
    status: 1,
    err: /^Error: machine "n" has the driver "none": somebody else runs it/,
  },
];
