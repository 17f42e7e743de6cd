import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import * as z from 'zod';
import { GUEST } from '../../../protocol/boot/guest-paths.ts';
import { containerConfig, hostConfig, networkingConfig } from '../../../protocol/docker/container-config.ts';
import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { EngineError, invalid, notFound } from '../../errors.ts';
import type { ResolvedImage } from '../../images/contract.ts';
import { tmpfsOptions } from '../../oci/mounts.ts';
import { rlimitOf } from '../../oci/resources.ts';
import { checkSysctls } from '../../oci/sysctls.ts';
import { shareHostPaths } from './host-paths.ts';
import { publish } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import { refuseUnbuiltFields } from './fields.ts';
import { checkHealthcheck } from '../health/config.ts';
import { blockIoFiles } from '../limits/cgroup-files.ts';
import { settleLimits } from '../limits/settle.ts';
import { sizeLimit } from '../limits/storage.ts';
import { logAttributes } from '../logs/attributes.ts';
import { logOptions } from '../logs/options.ts';
import { argvOf, mergeConfig } from './merge-config.ts';
import { timestamp } from '../model.ts';
import type { ContainerRecord } from '../model.ts';
import type { MountRequest } from '../mounts/model.ts';
import { planMounts } from '../mounts/plan.ts';
import { fillVolumes, prepareMounts, releaseMounts } from '../mounts/prepare.ts';
import { checkNamespaceModes } from '../namespaces/modes.ts';
import { checkName, generateName } from './names.ts';
import { checkLinks } from '../network/links.ts';
import { splitExtraHost } from '../network/network-files.ts';
import { checkPorts } from '../network/ports.ts';
import { checkRestartPolicy } from '../lifecycle/restart-policy.ts';
import { ContainerEntry } from '../registry.ts';
import { checkSecurity } from '../security/check.ts';
import { hasOwnUsers, userDonor } from '../userns/choose.ts';
import { parseSignal } from '../process/signals.ts';
import {
  DEFAULT_NETWORK,
  checkNetworkMode,
  normalizeNetworkMode,
  planNetworks,
  sharedNetworkOf,
} from '../network/wanted-networks.ts';

/** Sources of a bind that mean the engine's own socket: where Docker's and ours are. */
const ENGINE_SOCKETS = ['/var/run/docker.sock', '/run/docker.sock', GUEST.engineSocket];

const createBody = containerConfig.extend({
  HostConfig: hostConfig.nullish(),
  NetworkingConfig: networkingConfig.nullish(),
});

export interface CreateRequest {
  /** '' for a generated one. */
  readonly name: string;
  /** `os[/arch]` that the image must be for; '' for any. */
  readonly platform: string;
  readonly body: unknown;
}

export interface Created {
  readonly entry: ContainerEntry;
  /** What is asked for and has no effect. */
  readonly warnings: readonly string[];
}

/**
 * Makes a container from a body of `POST /containers/create`; nothing runs yet.
 *
 * @throws EngineError notImplemented naming the field, invalidParameter, notFound for the image, conflict for the name
 */
export async function createContainer(context: ContainersContext, request: CreateRequest): Promise<Created> {
  const { engineSocketAliases } = context.config;
  const engineSockets = [...ENGINE_SOCKETS, ...engineSocketAliases];
  const parsed = parseBody(request.body);
  // Before the image's own exposed ports are among them.
  checkNetworkMode(parsed.config, parsed.hostConfig);
  const image = context.images.resolve(parsed.config.Image);
  checkPlatform(request.platform, image, parsed.config.Image);
  const name = request.name.replace(/^\//, '');
  if (name !== '') checkName(name);
  const config = mergeConfig(parsed.config, image.config);
  checkHealthcheck(config.Healthcheck);
  if (config.StopSignal !== '') parseSignal(config.StopSignal);
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/')) {
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  const securityWarnings = checkSecurity(parsed.hostConfig);
  checkNamespaceModes(parsed.hostConfig, config);
  sizeLimit(parsed.hostConfig.StorageOpt);
  const ownUsers = hasOwnUsers(parsed.hostConfig, context.config.userns);
  const portWarnings = checkPorts(config, parsed.hostConfig);
  const networks = planNetworks(context.networks, config, parsed.hostConfig, parsed.networking);
  if (parsed.hostConfig.NetworkMode === DEFAULT_NETWORK) checkLinks(context, parsed.hostConfig);
  const id = randomBytes(32).toString('hex');
  const record: ContainerRecord = {
    recordVersion: 1,
    id,
    name: name === '' ? generateName((candidate) => context.registry.hasName(candidate)) : name,
    created: timestamp(),
    imageId: image.id,
    config,
    hostConfig: withSharedById(context, parsed.hostConfig),
    networking: parsed.networking,
    networks,
    argv: argvOf(config),
    state: { status: 'created' },
    stoppedByUser: false,
  };
  logAttributes(record); // A tag that can't be filled in is said now.
  const mounts = planMounts(
    config,
    parsed.hostConfig,
    (other) => context.registry.find(other).record.mounts ?? [],
  ).map((mount) =>
    mount.type === 'bind' && !engineSockets.includes(mount.source)
      ? { ...mount, shared: true as const }
      : mount,
  );
  await shareHostPaths(request.body, engineSockets, context.shares);
  // Only the name: until its volumes are there, the container isn't.
  context.registry.reserve(record.name, id);
  const entry = await makeContainer(context, record, image, { mounts, ownUsers });
  publish(context, entry, 'create');
  return { entry, warnings: [...parsed.limitWarnings, ...securityWarnings, ...portWarnings] };
}

/** Another container's network goes by its id: it may be renamed. One that isn't there is missed at the start. */
function withSharedById(context: ContainersContext, hostConfig: HostConfig): HostConfig {
  const shared = sharedNetworkOf({ hostConfig });
  if (shared === undefined) return hostConfig;
  const other = findRecord(context, shared);
  return other === undefined ? hostConfig : { ...hostConfig, NetworkMode: `container:${other.id}` };
}

function findRecord(context: ContainersContext, reference: string): ContainerRecord | undefined {
  try {
    return context.registry.find(reference).record;
  } catch (error) {
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** Everything of a container but its event; whatever fails, nothing of it stays. */
async function makeContainer(
  context: ContainersContext,
  record: ContainerRecord,
  image: ResolvedImage,
  wanted: { readonly mounts: readonly MountRequest[]; readonly ownUsers: boolean },
): Promise<ContainerEntry> {
  const { id } = record;
  const autoRemove = record.hostConfig.AutoRemove;
  try {
    context.images.acquire(image.id, id);
    if (wanted.ownUsers) {
      const donor = userDonor(record.hostConfig, (other) => findRecord(context, other));
      const range =
        donor === undefined ? context.idRanges.allocate(id) : context.idRanges.share(id, donor.id);
      if (range !== undefined) record.idRange = range;
    }
    const { mounts, fill } = await prepareMounts(context, id, wanted.mounts, !autoRemove);
    if (mounts.length > 0) record.mounts = mounts;
    await context.store.create(record);
    const size = sizeLimit(record.hostConfig.StorageOpt);
    if (size !== undefined) await context.rootfs.limit(id, size);
    await fillVolumes(context, id, image, fill);
    const entry = new ContainerEntry(record, context.config.stallLimitMs);
    context.registry.add(entry);
    return entry;
  } catch (error) {
    for (const undo of [
      () => context.rootfs.remove(id),
      () => context.store.remove(id),
      () => releaseMounts(context, id, record.mounts ?? [], true),
    ]) {
      await undo().catch(context.onBackgroundError);
    }
    context.images.release(image.id, id);
    context.idRanges.release(id);
    context.registry.release(record.name);
    throw error;
  }
}

function parseBody(body: unknown): Pick<ContainerRecord, 'config' | 'hostConfig' | 'networking'> & {
  readonly limitWarnings: readonly string[];
} {
  if (typeof body !== 'object' || body === null)
    throw invalid('config cannot be empty in order to create a container');
  refuseUnbuiltFields({ ...body });
  const parsed = createBody.safeParse(body);
  if (!parsed.success) throw invalid(`invalid container configuration: ${describe(parsed.error)}`);
  const { HostConfig: host, NetworkingConfig: networking, ...config } = parsed.data;
  const { limits, warnings } = settleLimits(host ?? hostConfig.parse({}));
  return {
    config,
    hostConfig: checkHostConfig({ ...limits, NetworkMode: normalizeNetworkMode(limits.NetworkMode) }),
    networking: networking ?? { EndpointsConfig: {} },
    limitWarnings: warnings,
  };
}

function describe(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
}

/** Everything that can be found wrong before a start is found wrong here. */
function checkHostConfig(host: HostConfig): HostConfig {
  blockIoFiles(host);
  for (const ulimit of host.Ulimits) rlimitOf(ulimit);
  for (const entry of host.ExtraHosts) splitExtraHost(entry);
  const noAddress = host.Dns.find((server) => isIP(server) === 0);
  if (noAddress !== undefined) throw invalid(`${noAddress} is not an ip address`);
  checkSysctls(host.Sysctls, { ipc: host.IpcMode === 'host', network: host.NetworkMode === 'host' });
  for (const [destination, options] of Object.entries(host.Tmpfs)) tmpfsOptions(destination, options);
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000) {
    throw invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  logOptions(host.LogConfig);
  if (host.ShmSize < 0) throw invalid('SHM size can not be less than 0');
  return { ...host, RestartPolicy: checkRestartPolicy(host.RestartPolicy, host.AutoRemove) };
}

const ARCH_ALIASES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

function checkPlatform(platform: string, image: ResolvedImage, reference: string): void {
  if (platform === '') return;
  const [os, arch] = platform.toLowerCase().split('/');
  const wanted = arch === undefined ? image.architecture : (ARCH_ALIASES[arch] ?? arch);
  if (os !== image.os || wanted !== image.architecture) {
    throw notFound(
      `image with reference ${reference} was found but does not provide the specified platform (${platform})`,
    );
  }
}
