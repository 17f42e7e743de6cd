import * as z from 'zod';

const strings = z.record(z.string(), z.string());

/** Body of `POST /volumes/create` (Docker Engine API v1.51, VolumeCreateOptions). What isn't in here is refused by name. */
export const volumeCreate = z.looseObject({
  Name: z.string().nullish(),
  Driver: z.string().nullish(),
  DriverOpts: strings.nullish(),
  Labels: strings.nullish(),
});

/** An element of `GET /volumes` and `GET /volumes/{name}` (Volume). */
export interface VolumeResource {
  readonly Name: string;
  readonly Driver: string;
  /** A path in the VM. */
  readonly Mountpoint: string;
  /** RFC 3339, whole seconds. */
  readonly CreatedAt: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Scope: 'local';
}
