import { humanDuration } from '../../core/units.ts';
import type { ListFormat } from './format.ts';

/** An item of `GET /containers/json`. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly Command: string;
  readonly Created: number;
  readonly Ports: readonly { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly State: string;
  readonly Status: string;
  readonly Mounts?: readonly { Name?: string; Source?: string }[];
  readonly NetworkSettings?: { Networks?: Record<string, unknown> };
}

export const CONTAINER_LIST: ListFormat = {
  table: '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}',
  headings: { ID: 'CONTAINER ID', RunningFor: 'CREATED', CreatedAt: 'CREATED AT' },
};

const COMMAND_WIDTH = 20;

export function containerRows(
  containers: readonly ContainerSummary[],
  options: { readonly truncate: boolean; readonly now: Date },
): Record<string, unknown>[] {
  return containers.map((container) => ({
    ID: options.truncate ? container.Id.slice(0, 12) : container.Id,
    Names: container.Names.map((name) => name.replace(/^\//, '')).join(','),
    Image: container.Image,
    Command: `"${options.truncate ? ellipsis(container.Command) : container.Command}"`,
    CreatedAt: new Date(container.Created * 1000).toISOString(),
    RunningFor: `${humanDuration(options.now.getTime() / 1000 - container.Created)} ago`,
    Ports: container.Ports.map(portText).join(', '),
    State: container.State,
    Status: container.Status,
    Labels: Object.entries(container.Labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
    Mounts: (container.Mounts ?? []).map((mount) => mount.Name ?? mount.Source ?? '').join(','),
  }));
}

function ellipsis(text: string): string {
  return text.length > COMMAND_WIDTH ? `${text.slice(0, COMMAND_WIDTH - 1)}…` : text;
}

function portText(port: ContainerSummary['Ports'][number]): string {
  const inside = `${port.PrivatePort}/${port.Type}`;
  if (port.PublicPort === undefined) return inside;
  const address = port.IP?.includes(':') ? `[${port.IP}]` : (port.IP ?? '');
  return `${address}:${port.PublicPort}->${inside}`;
}
