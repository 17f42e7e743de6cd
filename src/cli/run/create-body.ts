import { attachedStreams } from '../flags/attach.ts';
import { environmentEntry } from '../flags/environment.ts';
import { isolationFields, type IsolationFlags } from '../flags/isolation.ts';
import { kernelFields, type KernelFlags } from '../flags/kernel-settings.ts';
import { createLimitFields, type CreateLimitFlags } from '../flags/limits.ts';
import { logFields } from '../flags/log-driver.ts';
import { readKeyValueFile } from '../flags/key-value-file.ts';
import type { LifecycleFlags } from '../flags/lifecycle-flags.ts';
import { rateOptions, type NetRateFlags } from '../flags/net-rates.ts';
import { networkFields, type NetworkFlags } from '../flags/networks.ts';
import { portFields } from '../flags/publish.ts';
import { securityFields, type SecurityFlags } from '../flags/security.ts';
import { volumeFields } from '../flags/volumes.ts';
import { lifecycleFields } from './lifecycle-fields.ts';

/** The flags of `run` and `create` that shape the container. */
export interface RunFlags
  extends
    IsolationFlags,
    CreateLimitFlags,
    KernelFlags,
    LifecycleFlags,
    NetRateFlags,
    NetworkFlags,
    SecurityFlags {
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly detach: boolean;
  readonly attach?: readonly string[] | undefined;
  readonly rm: boolean;
  readonly name?: string | undefined;
  readonly env?: readonly string[] | undefined;
  readonly 'env-file'?: readonly string[] | undefined;
  readonly 'label-file'?: readonly string[] | undefined;
  readonly workdir?: string | undefined;
  readonly user?: string | undefined;
  readonly entrypoint?: string | undefined;
  readonly hostname?: string | undefined;
  readonly 'log-driver'?: string | undefined;
  readonly 'log-opt'?: readonly string[] | undefined;
  readonly label?: readonly string[] | undefined;
  readonly volume?: readonly string[] | undefined;
  readonly mount?: readonly string[] | undefined;
  readonly tmpfs?: readonly string[] | undefined;
  readonly 'volumes-from'?: readonly string[] | undefined;
  readonly 'read-only'?: boolean | undefined;
  readonly publish?: readonly string[] | undefined;
  readonly 'publish-all'?: boolean | undefined;
  readonly expose?: readonly string[] | undefined;
}

export type CreateBody = ReturnType<typeof createBody>;

/** The body of `POST /containers/create` (Docker Engine API v1.51) as docker's client makes it from the same flags. */
export function createBody(
  image: string,
  command: readonly string[],
  flags: RunFlags,
  env: NodeJS.ProcessEnv,
) {
  const streams = attachedStreams(flags);
  const ports = portFields(flags.publish ?? [], flags.expose ?? []);
  const publishes = Object.keys(ports.PortBindings).length > 0;
  const isolation = isolationFields(flags);
  const mounts = volumeFields(flags, process.cwd());
  const lifecycle = lifecycleFields(flags);
  const networks = networkFields(flags, rateOptions(flags));
  const variables = [...fromFiles(flags['env-file']), ...(flags.env ?? [])];
  const labels = [...fromFiles(flags['label-file']), ...(flags.label ?? [])];
  return {
    Hostname: flags.hostname ?? '',
    ...isolation.config,
    ...networks.config,
    User: flags.user ?? '',
    AttachStdin: streams.has('stdin'),
    AttachStdout: streams.has('stdout'),
    AttachStderr: streams.has('stderr'),
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StdinOnce: flags.interactive && !flags.detach,
    Env: variables.flatMap((entry) => environmentEntry(entry, env)),
    Cmd: command.length > 0 ? command : null,
    Entrypoint: flags.entrypoint === undefined ? null : [flags.entrypoint],
    Image: image,
    ...(Object.keys(ports.ExposedPorts).length > 0 ? { ExposedPorts: ports.ExposedPorts } : {}),
    ...(Object.keys(mounts.volumes).length > 0 ? { Volumes: mounts.volumes } : {}),
    WorkingDir: flags.workdir ?? '',
    Labels: Object.fromEntries(labels.map(labelEntry)),
    ...lifecycle.config,
    HostConfig: {
      AutoRemove: flags.rm,
      ...networks.host,
      ...logFields(flags),
      ...createLimitFields(flags),
      ...kernelFields(flags),
      ...isolation.host,
      ...securityFields(flags),
      ...(flags['read-only'] === true ? { ReadonlyRootfs: true } : {}),
      ...mounts.host,
      ...lifecycle.host,
      ...(publishes ? { PortBindings: ports.PortBindings } : {}),
      ...(flags['publish-all'] === true ? { PublishAllPorts: true } : {}),
    },
    ...(networks.networking === undefined ? {} : { NetworkingConfig: networks.networking }),
  };
}

const fromFiles = (paths: readonly string[] | undefined): string[] => (paths ?? []).flatMap(readKeyValueFile);

function labelEntry(entry: string): [string, string] {
  const equals = entry.indexOf('=');
  return equals === -1 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
}
