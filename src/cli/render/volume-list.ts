import type { VolumeResource } from '../../protocol/docker/volumes.ts';
import type { ListFormat } from './format.ts';

export const VOLUME_LIST: ListFormat = {
  table: '{{.Driver}}\t{{.Name}}',
  headings: { Name: 'VOLUME NAME' },
};

/** In docker's order: by name, numbers in it by their value. */
export function volumeRows(volumes: readonly VolumeResource[]): Record<string, unknown>[] {
  const collator = new Intl.Collator('en', { numeric: true });
  return [...volumes]
    .sort((a, b) => collator.compare(a.Name, b.Name))
    .map((volume) => ({
      Availability: 'N/A',
      Driver: volume.Driver,
      Group: 'N/A',
      Labels: Object.entries(volume.Labels ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
      Links: 'N/A',
      Mountpoint: volume.Mountpoint,
      Name: volume.Name,
      Scope: volume.Scope,
      Size: 'N/A',
      Status: 'N/A',
    }));
}
