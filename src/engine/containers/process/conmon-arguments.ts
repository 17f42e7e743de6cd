import { bundleOf, logFileOf } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { join } from 'node:path';

/** conmon's log driver that keeps nothing. */
export const NO_LOG = 'off:';

/** conmon's options for a container (conmon 2.1, conmon(8)). */
export function conmonArguments(context: ContainersContext, record: ContainerRecord): string[] {
  const bundle = bundleOf(context, record.id);
  const { config } = record;
  const logs = record.hostConfig.LogConfig.Type !== 'none';
  return [
    commonArguments(context, record.id, bundle),
    pair('--cuuid', record.id),
    pair('--name', record.name),
    pair('--exit-dir', context.layout.exits),
    pair('--log-path', logs ? `k8s-file:${logFileOf(context, record.id)}` : NO_LOG),
    // A log that goes with its container needn't reach the disk.
    record.hostConfig.AutoRemove ? ['--no-sync-log'] : [],
    config.Tty ? ['--terminal'] : [],
    config.OpenStdin ? ['--stdin'] : [],
    config.OpenStdin && !config.StdinOnce ? ['--leave-stdin-open'] : [],
  ].flat();
}

/** What a container's conmon and an exec's have in common. */
export function commonArguments(context: ContainersContext, id: string, bundle: string): string[] {
  return [
    pair('--api-version', '1'),
    pair('--cid', id),
    pair('--bundle', bundle),
    ['--full-attach'],
    pair('--log-level', 'error'),
    pair('--container-pidfile', join(bundle, 'pid')),
    pair('--conmon-pidfile', join(bundle, 'conmon.pid')),
    pair('--runtime', context.config.crun),
    pair('--runtime-arg', `--root=${context.layout.crunRoot}`),
    pair('--runtime-arg', '--cgroup-manager=cgroupfs'),
  ].flat();
}

/** An option and its value. */
export const pair = (option: string, value: string): string[] => [option, value];
