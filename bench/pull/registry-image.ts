import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { World } from '../../test/helpers/e2e-world.ts';
import { must } from '../timing.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Puts the image of an OCI layout into the world's registry. @returns its layers, as they are there */
export async function pushLayout(world: World, layout: string, name: string): Promise<readonly Descriptor[]> {
  const manifest = readManifest(layout);
  const options = ['--insecure-policy', '--dest-tls-verify=false'];
  const to = `docker://127.0.0.1:${world.registry.port}/${name}`;
  await must(join(world.tools.binDir, 'skopeo'), ['copy', ...options, `oci:${layout}`, to]);
  return manifest.layers;
}

/** Names an image of some of the layers that are in the registry already. */
export async function pushPart(
  world: World,
  layout: string,
  name: string,
  isIn: (layer: number) => boolean,
): Promise<void> {
  const manifest = readManifest(layout);
  const config = JSON.parse(readBlob(layout, manifest.config.digest)) as {
    rootfs: { type: string; diff_ids: string[] };
    history: unknown[];
  };
  const part = <T>(all: readonly T[]): T[] => all.filter((_, at) => isIn(at));
  const configBytes = JSON.stringify({
    ...config,
    rootfs: { ...config.rootfs, diff_ids: part(config.rootfs.diff_ids) },
    history: part(config.history),
  });
  const [repository, tag] = name.split(':');
  const base = `http://127.0.0.1:${world.registry.port}/v2/${repository}`;
  const digest = `sha256:${createHash('sha256').update(configBytes).digest('hex')}`;
  const upload = await fetch(`${base}/blobs/uploads/?digest=${digest}`, { method: 'POST' });
  const place = new URL(upload.headers.get('location') ?? '', base);
  place.searchParams.set('digest', digest);
  await accepted(await fetch(place, { method: 'PUT', body: configBytes }));
  const body = JSON.stringify({
    ...manifest,
    config: { ...manifest.config, digest, size: Buffer.byteLength(configBytes) },
    layers: part(manifest.layers),
  });
  const headers = { 'content-type': manifest.mediaType };
  await accepted(await fetch(`${base}/manifests/${tag}`, { method: 'PUT', headers, body }));
}

async function accepted(response: Response): Promise<void> {
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
}

function readManifest(layout: string): Manifest {
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: Descriptor[] };
  const [top] = index.manifests;
  if (top === undefined) throw new Error(`${layout} has no image.`);
  const manifest = JSON.parse(readBlob(layout, top.digest)) as Omit<Manifest, 'mediaType'>;
  return { ...manifest, mediaType: top.mediaType };
}

const readBlob = (layout: string, digest: string): string =>
  readFileSync(join(layout, 'blobs', 'sha256', digest.slice('sha256:'.length)), 'utf8');
