import { humanSize } from '../../core/units.ts';
import type { Explanation } from '../../protocol/docker/explanation.ts';
import { alignColumns } from '../render/table.ts';

/*
 * The way that every introduction to containers draws, told with the values of one container. Each function gives one
 * step: a sentence, and lines with the values.
 */

/** What was asked, by whom, and where the answer came from. */
export interface Asked {
  readonly ClientPid: number;
  readonly Machine: string;
  readonly EngineVersion: string;
  readonly Kernel: string;
  /** `linux/amd64`. */
  readonly Platform: string;
}

/** What the image cache had. */
export interface Cached {
  readonly Image: string;
  readonly Hit: boolean;
  readonly PulledLayers: readonly string[];
  readonly ExistingLayers: readonly string[];
}

export function askedStep(asked: Asked): string[] {
  return step(1, 'The client asked the engine.', [
    `wherry, process ${asked.ClientPid} on this computer`,
    `engine ${asked.EngineVersion} in the VM "${asked.Machine}", over the machine's agent and SSH`,
    `the VM runs Linux ${asked.Kernel} (${asked.Platform})`,
  ]);
}

export function cacheStep(cached: Cached): string[] {
  if (cached.Hit) return step(2, `The image cache had ${cached.Image}: nothing was pulled.`, []);
  const layers = [
    ...cached.PulledLayers.map((id) => `${id}\tpulled, verified, kept as EROFS`),
    ...cached.ExistingLayers.map((id) => `${id}\twas there already`),
  ];
  const sentence =
    cached.PulledLayers.length > 0
      ? `The image cache lacked ${cached.Image}: it was pulled.`
      : `The registry was asked for ${cached.Image}: the cache had all of its layers.`;
  return step(2, sentence, table(layers));
}

/** Steps 3 to 6. */
export function containerSteps(container: Explanation): string[] {
  const { Image: image, Snapshot: snapshot, Cgroup: cgroup, Process: process } = container;
  const layers = image.Layers.map(
    ({ DiffID, Bytes, File }) => `${short(DiffID)}\t${humanSize(Bytes)}\tread-only, from ${File}`,
  ).toReversed();
  const namespaces = container.Namespaces.map(({ Type, Inode, MachineInode, Shared }) =>
    Shared
      ? `${Type}\t${Inode}\tthe VM's own, shared`
      : `${Type}\t${Inode}\tnew (the VM's own: ${MachineInode})`,
  );
  const limits = Object.entries(cgroup.Limits).map(([file, value]) => `${file}\t${value}`);
  return [
    ...step(3, `The filesystem snapshot was mounted: ${snapshot.Filesystem} at ${snapshot.MountPoint}`, [
      ...table([`writable\t\t${snapshot.Upper}`, ...layers]),
    ]),
    ...step(4, 'Namespaces were made, each by its inode:', table(namespaces)),
    ...step(
      5,
      `The cgroup ${cgroup.Path} was made${limits.length === 0 ? ', without limits of its own.' : ':'}`,
      table(limits),
    ),
    ...step(
      6,
      `The command became process ${process.PidInside} inside, ${process.Pid} in the VM, on Linux ${process.Kernel}:`,
      [process.Args.join(' ')],
    ),
  ];
}

function step(number: number, sentence: string, details: readonly string[]): string[] {
  return [`${number}. ${sentence}`, ...details.map((line) => `     ${line}`)];
}

const table = (rows: readonly string[]): string[] => alignColumns(rows, { minimumWidth: 0, padding: 2 });

/** As docker shows digests: 12 digits. */
const short = (digest: string): string => digest.replace('sha256:', '').slice(0, 12);
