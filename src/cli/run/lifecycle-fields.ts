import { usage } from '../base-command.ts';
import { healthConfig } from '../flags/health.ts';
import type { LifecycleFlags } from '../flags/lifecycle-flags.ts';
import { restartPolicy } from '../flags/restart.ts';

/** The fields of a create request that {@link LifecycleFlags} set; none of those that weren't given. @throws WherryError USAGE */
export function lifecycleFields(flags: LifecycleFlags): { config: object; host: object } {
  const restart =
    flags.restart === undefined || flags.restart === '' ? undefined : restartPolicy(flags.restart);
  if (flags.rm === true && restart !== undefined && restart.Name !== 'no') {
    throw usage('conflicting options: --restart and --rm');
  }
  const health = healthConfig(flags);
  return {
    config: {
      ...(health === undefined ? {} : { Healthcheck: health }),
      ...(flags['stop-signal'] === undefined ? {} : { StopSignal: flags['stop-signal'] }),
      ...(flags['stop-timeout'] === undefined ? {} : { StopTimeout: flags['stop-timeout'] }),
    },
    host: {
      ...(restart === undefined ? {} : { RestartPolicy: restart }),
      ...(flags.init === undefined ? {} : { Init: flags.init }),
      ...(flags.cidfile === undefined ? {} : { ContainerIDFile: flags.cidfile }),
    },
  };
}
