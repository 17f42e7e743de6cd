import { humanDuration, humanSize } from '../../core/units.ts';
import { containerRows, type ContainerSummary } from './container-list.ts';
import { renderList } from './format.ts';

/** `GET /system/df` (Docker Engine API v1.51, SystemDataUsage). */
export interface SystemUsage {
  readonly LayersSize: number;
  readonly Images: readonly ImageUsage[] | null;
  readonly Containers: readonly ContainerSummary[] | null;
  readonly Volumes: readonly VolumeUsage[] | null;
}

interface ImageUsage {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
  readonly Created: number;
  readonly Size: number;
  readonly SharedSize: number;
  readonly Containers: number;
}

interface VolumeUsage {
  readonly Name: string;
  readonly UsageData: { readonly Size: number; readonly RefCount: number };
}

/** docker's four rows (docker CLI, formatter/disk_usage.go). */
export function usageRows(usage: SystemUsage): Record<string, string>[] {
  const images = usage.Images ?? [];
  const containers = usage.Containers ?? [];
  const volumes = usage.Volumes ?? [];
  const usedByImages = sum(images.filter(isUsed).map((image) => image.Size - image.SharedSize));
  const written = sum(containers.map(({ SizeRw }) => SizeRw ?? 0));
  const idle = sum(containers.filter((one) => !isActive(one)).map(({ SizeRw }) => SizeRw ?? 0));
  const stored = sum(volumes.map(({ UsageData }) => UsageData.Size));
  const unused = sum(
    volumes.filter(({ UsageData }) => UsageData.RefCount === 0).map(({ UsageData }) => UsageData.Size),
  );
  return [
    row(
      'Images',
      images.length,
      images.filter(isUsed).length,
      usage.LayersSize,
      usage.LayersSize - usedByImages,
    ),
    row('Containers', containers.length, containers.filter(isActive).length, written, idle),
    row(
      'Local Volumes',
      volumes.length,
      volumes.filter(({ UsageData }) => UsageData.RefCount > 0).length,
      stored,
      unused,
    ),
    row('Build Cache', 0, 0, 0, 0),
  ];
}

const isUsed = (image: ImageUsage): boolean => image.Containers > 0;
const isActive = ({ State }: ContainerSummary): boolean =>
  ['running', 'paused', 'restarting'].includes(State);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function row(type: string, total: number, active: number, size: number, reclaimable: number) {
  const percent = size > 0 ? ` (${Math.floor((reclaimable * 100) / size)}%)` : '';
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: humanSize(size),
    Reclaimable: `${humanSize(reclaimable)}${percent}`,
  };
}

export const SYSTEM_DF = {
  table: '{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}',
  headings: { TotalCount: 'TOTAL' },
};

/** `system df -v`: a table of each kind. */
export function detailedUsage(usage: SystemUsage, now: Date): string[] {
  return [
    'Images space usage:',
    '',
    ...renderList(
      (usage.Images ?? []).flatMap((image) => imageRows(image, now)),
      IMAGES,
      undefined,
    ),
    '',
    'Containers space usage:',
    '',
    ...renderList(containerUsageRows(usage.Containers ?? [], now), CONTAINERS, undefined),
    '',
    'Local Volumes space usage:',
    '',
    ...renderList((usage.Volumes ?? []).map(volumeRow), VOLUMES, undefined),
    '',
    'Build cache usage: 0B',
    '',
    ...renderList([], BUILD_CACHE, undefined),
  ];
}

const IMAGES = {
  table:
    '{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}',
  headings: {
    ID: 'IMAGE ID',
    CreatedSince: 'CREATED',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
  },
};
const CONTAINERS = {
  table:
    '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}',
  headings: { ID: 'CONTAINER ID', LocalVolumes: 'LOCAL VOLUMES', RunningFor: 'CREATED' },
};
const VOLUMES = {
  table: '{{.Name}}\t{{.Links}}\t{{.Size}}',
  headings: { Name: 'VOLUME NAME' },
};
const BUILD_CACHE = {
  table:
    '{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}',
  headings: {
    ID: 'CACHE ID',
    CacheType: 'CACHE TYPE',
    CreatedSince: 'CREATED',
    LastUsedSince: 'LAST USED',
    UsageCount: 'USAGE',
  },
};

function imageRows(image: ImageUsage, now: Date): Record<string, string>[] {
  const tags = image.RepoTags?.length ? image.RepoTags : ['<none>:<none>'];
  return tags.map((name) => {
    const colon = name.lastIndexOf(':');
    return {
      Repository: name.slice(0, colon),
      Tag: name.slice(colon + 1),
      ID: image.Id.replace(/^sha256:/, '').slice(0, 12),
      CreatedSince: `${humanDuration(now.getTime() / 1000 - image.Created)} ago`,
      Size: humanSize(image.Size, 3),
      SharedSize: humanSize(image.SharedSize),
      UniqueSize: humanSize(image.Size - image.SharedSize),
      Containers: String(image.Containers),
    };
  });
}

function containerUsageRows(containers: readonly ContainerSummary[], now: Date): Record<string, unknown>[] {
  const rows = containerRows(containers, { truncate: true, now });
  return rows.map((columns, at) => ({
    ...columns,
    Size: humanSize(containers[at]?.SizeRw ?? 0, 3),
  }));
}

const volumeRow = ({ Name, UsageData }: VolumeUsage): Record<string, string> => ({
  Name,
  Links: String(UsageData.RefCount),
  Size: humanSize(UsageData.Size),
});
