import type { EndpointConfig } from '../../../protocol/docker/container-config.ts';
import { conflict, EngineError, invalid, notFound } from '../../errors.ts';
import type { Sandbox } from '../../networks/contract.ts';
import { directoryOf } from '../context.ts';
import type { ContainersContext } from '../context.ts';
import { updateNetworkFiles } from './network-files.ts';
import { adoptionRequest, endpointRequest, hostnameOf } from './sandbox-request.ts';
import type { ContainerEntry } from '../registry.ts';
import { checkEndpoint, checkTogether, sharedNetworkOf, networksNow } from './wanted-networks.ts';

/**
 * `network connect`: now if the container runs, otherwise from its next start on.
 *
 * @throws EngineError notFound, invalidParameter, forbidden (it is on it already; the address is taken)
 */
export async function connectNetwork(
  context: ContainersContext,
  entry: ContainerEntry,
  reference: string,
  endpoint: EndpointConfig,
): Promise<void> {
  await entry.exclusively(async () => {
    refuseRemoving(entry);
    const { record } = entry;
    const network = context.networks.lookup(reference);
    if (network === undefined) throw notFound(`network ${reference} not found`);
    if (sharedNetworkOf(record) !== undefined) {
      throw invalid(
        'container sharing network namespace with another container or host cannot be connected to any other network',
      );
    }
    const { [network.name]: present, ...others } = networksNow(record);
    for (const name of Object.keys(others)) checkTogether(context.networks, name, network.name);
    checkEndpoint(network, network.name, endpoint);
    if (entry.state.status === 'running') {
      if (present !== undefined && network.driver !== 'bridge') return;
      const wanted = endpointRequest(record, network.name, endpoint);
      await change(context, entry, entry.state.sandbox, () =>
        context.networks.connect(adoptionRequest(record), wanted),
      );
    }
    const NetworkID = entry.state.status === 'running' ? network.id : '';
    record.networks = { ...others, [network.name]: { ...endpoint, NetworkID } };
    await context.store.save(record);
  });
}

/**
 * `network disconnect`.
 *
 * @throws EngineError notFound, system in moby's words if it isn't on it
 */
export async function disconnectNetwork(
  context: ContainersContext,
  entry: ContainerEntry,
  reference: string,
  force: boolean,
): Promise<void> {
  await entry.exclusively(async () => {
    refuseRemoving(entry);
    const { record } = entry;
    const network = context.networks.lookup(reference);
    if (network === undefined && !force) throw notFound(`network ${reference} not found`);
    const name = network?.name ?? reference;
    const { [name]: gone, ...others } = networksNow(record);
    if (gone === undefined) {
      const what = entry.state.status === 'running' ? 'network' : 'the network';
      throw new EngineError('system', `container ${record.id} is not connected to ${what} ${name}`);
    }
    if (network?.driver === 'host' && entry.state.status === 'running') {
      throw invalid('container cannot be disconnected from host network or connected to host network');
    }
    if (entry.state.status === 'running' && network?.driver === 'bridge') {
      await change(context, entry, entry.state.sandbox, () =>
        context.networks.disconnect(record.id, network.id),
      );
    }
    record.networks = others;
    await context.store.save(record);
  });
}

function refuseRemoving({ removing, id }: ContainerEntry): void {
  if (removing)
    throw conflict(
      `Container ${id} is marked for removal and cannot be connected or disconnected to the network`,
    );
}

/** Changes the networks of a container that runs, and what it sees of them. */
async function change(
  context: ContainersContext,
  entry: ContainerEntry,
  before: Sandbox,
  work: () => Promise<Sandbox>,
): Promise<void> {
  const { record } = entry;
  const sandbox = await work();
  const { ports } = before;
  const after = ports === undefined ? sandbox : { ...sandbox, ports };
  // It may have ended meanwhile; its exit waits for us, and releases what there is.
  if (record.state.status === 'running') record.state = { ...record.state, sandbox: after };
  const names = { hostname: hostnameOf(record), domainname: record.config.Domainname };
  await updateNetworkFiles(directoryOf(context, record.id), names, { before, after }, record.hostConfig);
}
