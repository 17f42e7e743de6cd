import { networkConnect, networkDisconnect } from '../../../protocol/docker/networks.ts';
import { connectNetwork, disconnectNetwork } from '../../containers/network/connect-network.ts';
import type { ContainersContext } from '../../containers/context.ts';
import { refuseUnbuiltEndpointFields } from '../../containers/create/fields.ts';
import { invalid } from '../../errors.ts';
import type { Route } from '../route.ts';

/** Who is on which network: containers' own affair as much as the networks'. */
export function membershipRoutes(context: ContainersContext): Route[] {
  return [
    {
      method: 'POST',
      path: '/networks/{id}/connect',
      handle: async (request, response) => {
        const body = await request.json();
        const parsed = networkConnect.safeParse(body);
        if (!parsed.success) throw invalid(`invalid request: ${parsed.error.issues[0]?.message ?? ''}`);
        if (typeof body === 'object' && body !== null && 'EndpointConfig' in body) {
          refuseUnbuiltEndpointFields('EndpointConfig', body.EndpointConfig);
        }
        const entry = context.registry.find(parsed.data.Container);
        await connectNetwork(context, entry, request.params['id'] ?? '', parsed.data.EndpointConfig);
        response.empty(200);
      },
    },
    {
      method: 'POST',
      path: '/networks/{id}/disconnect',
      handle: async (request, response) => {
        const parsed = networkDisconnect.safeParse(await request.json());
        if (!parsed.success) throw invalid(`invalid request: ${parsed.error.issues[0]?.message ?? ''}`);
        const { Container: container, Force: force } = parsed.data;
        const entry = context.registry.find(container);
        await disconnectNetwork(context, entry, request.params['id'] ?? '', force ?? false);
        response.empty(200);
      },
    },
  ];
}
