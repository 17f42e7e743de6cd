import type { ImageConfig } from '../../images/manifest.ts';
import type { ImageService } from '../../images/image-service.ts';
import type { StoredImage } from '../../images/image-store.ts';
import { familiarReference, parseReference } from '../../images/reference.ts';

/* The JSON of Docker Engine API v1.51: ImageSummary, ImageInspect, HistoryResponseItem. */

const ZERO_TIME = '0001-01-01T00:00:00Z';

/** Seconds since the epoch; 0 for a config without a date. */
export function createdSeconds(config: ImageConfig): number {
  const time = Date.parse(config.created ?? '');
  return Number.isNaN(time) ? 0 : Math.floor(time / 1000);
}

export function sizeOf(service: ImageService, image: StoredImage): number {
  return image.record.layers.reduce((sum, diffId) => sum + (service.store.layer(diffId)?.size ?? 0), 0);
}

function names(service: ImageService, id: string): { RepoTags: string[]; RepoDigests: string[] } {
  const shown = service.store
    .referencesOf(id)
    .map((reference) => familiarReference(parseReference(reference)));
  return {
    RepoTags: shown.filter((name) => !name.includes('@')),
    RepoDigests: shown.filter((name) => name.includes('@')),
  };
}

/** The image that it was made of here, while that is there; '' otherwise. */
function parentOf({ store }: ImageService, { record }: StoredImage): string {
  return record.parent !== undefined && store.has(record.parent) ? record.parent : '';
}

export function summary(service: ImageService, image: StoredImage) {
  return {
    Containers: -1,
    Created: createdSeconds(image.config),
    Id: image.id,
    Labels: image.config.config?.Labels ?? null,
    ParentId: parentOf(service, image),
    ...names(service, image.id),
    SharedSize: -1,
    Size: sizeOf(service, image),
  };
}

export function inspection(service: ImageService, image: StoredImage) {
  const { config, record, id } = image;
  return {
    Id: id,
    ...names(service, id),
    Parent: parentOf(service, image),
    Comment: config.comment ?? config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? ZERO_TIME,
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: {
      User: '',
      Env: null,
      Cmd: null,
      WorkingDir: '',
      Entrypoint: null,
      OnBuild: null,
      Labels: null,
      ...config.config,
    },
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os === '' ? 'linux' : config.os,
    Size: sizeOf(service, image),
    GraphDriver: { Data: null, Name: 'overlay2' },
    RootFS: { Type: 'layers', Layers: record.layers },
    Metadata: { LastTagTime: new Date(record.lastTagged).toISOString() },
  };
}

/** Newest step first; sizes belong to the steps that made a layer. */
export function historyOf(service: ImageService, image: StoredImage) {
  const layers = [...image.record.layers];
  const items = (image.config.history ?? []).map((step) => {
    const diffId = step.empty_layer === true ? undefined : layers.shift();
    const created = Date.parse(step.created ?? '');
    return {
      Comment: step.comment ?? '',
      Created: Number.isNaN(created) ? 0 : Math.floor(created / 1000),
      CreatedBy: step.created_by ?? '',
      Id: '<missing>',
      Size: diffId === undefined ? 0 : (service.store.layer(diffId)?.size ?? 0),
      Tags: null as string[] | null,
    };
  });
  const steps = items.toReversed();
  // The newest step is the image's, the one before it that of the image that it was made of, and so on.
  let owner = image;
  for (const step of steps) {
    Object.assign(step, { Id: owner.id, Tags: names(service, owner.id).RepoTags });
    const parent: string = parentOf(service, owner);
    if (parent === '') break;
    owner = service.store.get(parent);
  }
  return steps;
}
