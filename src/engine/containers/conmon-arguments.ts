import { bundleOf, logFileOf } from './context.ts';
import type { ContainersContext } from './context.ts';
import type { ContainerRecord } from './model.ts';
import { join } from 'node:path';

/** conmon's options for a container (conmon 2.1, conmon(8)). */
export function conmonArguments(context: ContainersContext, record: ContainerRecord): string[] {
  const bundle = bundleOf(context, record.id);
  const { config } = record;
  return [
    ...commonArguments(context, record.id, bundle),
    ...['--cuuid', record.id, '--name', record.name],
    ...['--exit-dir', context.layout.exits, '--log-path', `k8s-file:${logFileOf(context, record.id)}`],
    // A log that goes with its container needn't reach the disk.
    ...(record.hostConfig.AutoRemove ? ['--no-sync-log'] : []),
    ...(config.Tty ? ['--terminal'] : []),
    ...(config.OpenStdin ? ['--stdin'] : []),
    ...(config.OpenStdin && !config.StdinOnce ? ['--leave-stdin-open'] : []),
  ];
}

/** What a container's conmon and an exec's have in common. */
export function commonArguments(context: ContainersContext, id: string, bundle: string): string[] {
  return [
    ...['--api-version', '1', '--cid', id, '--bundle', bundle, '--full-attach', '--log-level', 'error'],
    ...['--container-pidfile', join(bundle, 'pid'), '--conmon-pidfile', join(bundle, 'conmon.pid')],
    ...['--runtime', context.config.crun],
    ...['--runtime-arg', `--root=${context.layout.crunRoot}`, '--runtime-arg', '--cgroup-manager=cgroupfs'],
  ];
}
