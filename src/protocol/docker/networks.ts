import * as z from 'zod';
import { endpointConfig } from './container-config.ts';

const strings = z.record(z.string(), z.string());
const none = z.union([z.null(), z.literal(''), z.literal(false), z.undefined()]);

/** Body of `POST /networks/create` (Docker Engine API v1.51). What isn't in here is refused by name. */
export const networkCreate = z.looseObject({
  Name: z.string(),
  Driver: z.string().nullish(),
  Labels: strings.nullish(),
  IPAM: z
    .looseObject({
      Driver: z.string().nullish(),
      Options: strings.nullish(),
      Config: z
        .array(
          z.looseObject({
            Subnet: z.string().optional(),
            Gateway: z.string().optional(),
            IPRange: z.string().optional(),
            AuxiliaryAddresses: strings.nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
  CheckDuplicate: z.boolean().nullish(),
  EnableIPv4: z.boolean().nullish(),
  EnableIPv6: z.boolean().nullish(),
  Internal: z.boolean().nullish(),
  Attachable: z.boolean().nullish(),
  Options: strings.nullish(),
  Scope: z.union([none, z.literal('local')]).optional(),
});
export type NetworkCreate = z.infer<typeof networkCreate>;

/** Body of `POST /networks/{id}/connect`. */
export const networkConnect = z.looseObject({ Container: z.string(), EndpointConfig: endpointConfig });

/** Body of `POST /networks/{id}/disconnect`. */
export const networkDisconnect = z.looseObject({ Container: z.string(), Force: z.boolean().nullish() });

/** An element of a network's `IPAM.Config`. */
export interface NetworkAddresses {
  readonly Subnet: string;
  readonly IPRange?: string;
  readonly Gateway: string;
  readonly AuxiliaryAddresses?: Readonly<Record<string, string>>;
}

/** An element of `GET /networks` and `GET /networks/{id}` (Network). */
export interface NetworkResource {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: 'local';
  readonly Driver: string;
  readonly EnableIPv4: boolean;
  readonly EnableIPv6: boolean;
  readonly IPAM: {
    readonly Driver: string;
    readonly Options: Readonly<Record<string, string>> | null;
    readonly Config: readonly NetworkAddresses[] | null;
  };
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly ConfigFrom: { readonly Network: string };
  readonly ConfigOnly: boolean;
  readonly Containers: Readonly<Record<string, NetworkContainer>>;
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
}

export interface NetworkContainer {
  readonly Name: string;
  readonly EndpointID: string;
  readonly MacAddress: string;
  readonly IPv4Address: string;
  readonly IPv6Address: string;
}
