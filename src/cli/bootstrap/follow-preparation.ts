import type { PreparedImage, PrepareProgress } from '../../image-builder/bootstrap/prepare.ts';

/** Turns the preparation's progress into lines, and remembers what the summary needs. */
export function followPreparation(say: (line: string) => void): {
  onProgress: (progress: PrepareProgress) => void;
  summary: (image: PreparedImage) => string;
} {
  const received = new Map<string, number>();
  const total = (): string =>
    `${([...received.values()].reduce((sum, n) => sum + n, 0) / 1e6).toFixed(1)} MB`;
  return {
    onProgress: (progress) => {
      if (progress.step === 'unpack') say(`unpacking ${progress.done}/${progress.total} packages`);
      else if (progress.step === 'pack') say('packing the layer');
      else if (progress.cached) say(`checking ${progress.name}`);
      else {
        received.set(progress.name, progress.received);
        say(`fetching ${progress.name} (${total()} so far)`);
      }
    },
    summary: ({ packages }) =>
      `${packages.length} packages verified, ${received.size === 0 ? 'nothing to fetch' : `${total()} fetched`}`,
  };
}
