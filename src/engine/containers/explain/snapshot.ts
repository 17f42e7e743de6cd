import { readFileSync } from 'node:fs';

/**
 * The mount at a point, as proc_pid_mountinfo(5) has it: its filesystem, and overlayfs's lower layers, topmost first.
 *
 * @throws Error if nothing is mounted there
 */
export function overlayAt(point: string, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')) {
  const line = mountinfo.split('\n').find((candidate) => candidate.split(' ')[4] === point);
  const [filesystem, , options = ''] = line?.split(' - ')[1]?.split(' ') ?? [];
  if (filesystem === undefined) throw new Error(`nothing is mounted at ${point}`);
  const lower = options.split(',').flatMap((option) => {
    const [name, value = ''] = option.split('=', 2);
    if (name === 'lowerdir+') return [value];
    return name === 'lowerdir' ? value.split(':') : [];
  });
  return { Filesystem: filesystem, Lower: lower };
}
