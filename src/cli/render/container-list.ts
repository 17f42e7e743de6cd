import { goTime } from '../../core/local-time.ts';
import { humanDuration, humanSize } from '../../core/units.ts';
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
  readonly ImageID?: string;
  /** Only where they were asked for. */
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Mounts?: readonly { Name?: string; Source?: string; Driver?: string }[];
  readonly NetworkSettings?: { Networks?: Record<string, unknown> };
}

export const CONTAINER_LIST: ListFormat = {
  table: '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}',
  headings: {
    ID: 'CONTAINER ID',
    RunningFor: 'CREATED',
    CreatedAt: 'CREATED AT',
    LocalVolumes: 'LOCAL VOLUMES',
    // The last part of a label's name is its column's.
    Label: (name) => String(name).split('.').at(-1)?.replaceAll(/[-_]/g, ' ') ?? '',
  },
};

export const CONTAINER_LIST_WITH_SIZE: ListFormat = {
  ...CONTAINER_LIST,
  table: `${CONTAINER_LIST.table}\t{{.Size}}`,
};

const COMMAND_WIDTH = 20;
const MOUNT_WIDTH = 15;

export function containerRows(
  containers: readonly ContainerSummary[],
  options: { readonly truncate: boolean; readonly now: Date },
): Record<string, unknown>[] {
  return containers.map((container) => ({
    ID: options.truncate ? container.Id.slice(0, 12) : container.Id,
    Names: container.Names.map((name) => name.replace(/^\//, '')).join(','),
    Image: imageText(container, options.truncate),
    Command: JSON.stringify(
      options.truncate ? ellipsis(container.Command, COMMAND_WIDTH) : container.Command,
    ),
    CreatedAt: goTime(new Date(container.Created * 1000)),
    RunningFor: `${humanDuration(options.now.getTime() / 1000 - container.Created)} ago`,
    Ports: container.Ports.map(portText).join(', '),
    State: container.State,
    Status: container.Status,
    Size: sizeText(container),
    Labels: Object.entries(container.Labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {}).join(','),
    Mounts: (container.Mounts ?? [])
      .map((mount) => mount.Name || (mount.Source ?? ''))
      .map((name) => (options.truncate ? ellipsis(name, MOUNT_WIDTH) : name))
      .join(','),
    LocalVolumes: String((container.Mounts ?? []).filter(({ Driver }) => Driver === 'local').length),
    // A method, as in `{{.Label "com.example.kind"}}`; JSON leaves it out.
    Label: (name: unknown) => container.Labels[String(name)] ?? '',
  }));
}

/** An id in short, and a name without its digest, where things are truncated. */
function imageText({ Image, ImageID }: ContainerSummary, truncate: boolean): string {
  if (!truncate) return Image;
  if (Image === ImageID) return Image.replace(/^sha256:/, '').slice(0, 12);
  return Image.replace(/@sha256:[0-9a-f]+$/, '');
}

function sizeText({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = humanSize(SizeRw, 3);
  return SizeRootFs > 0 ? `${own} (virtual ${humanSize(SizeRootFs, 3)})` : own;
}

function ellipsis(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

function portText(port: ContainerSummary['Ports'][number]): string {
  const inside = `${port.PrivatePort}/${port.Type}`;
  if (port.PublicPort === undefined) return inside;
  const address = port.IP?.includes(':') ? `[${port.IP}]` : (port.IP ?? '');
  return `${address}:${port.PublicPort}->${inside}`;
}
