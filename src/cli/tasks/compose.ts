import type { ComposeProgress } from '../../image-builder/compose.ts';
import type { ImageManifest } from '../../image-builder/store/manifest.ts';
import { humanSize } from '../../core/units.ts';

/** Turns the composer's progress into lines, and remembers what the summary needs. */
export function followComposition(say: (line: string) => void): {
  onProgress: (progress: ComposeProgress) => void;
  summary: (image: ImageManifest) => string;
} {
  const received = new Map<string, number>();
  let packages = 0;
  const total = (): number => [...received.values()].reduce((sum, bytes) => sum + bytes, 0);
  return {
    onProgress: (progress) => {
      if (progress.step === 'download') {
        received.set(progress.name, progress.received);
        say(`fetching ${progress.name} (${humanSize(total(), 3)} so far)`);
      } else if (progress.step === 'packages') {
        packages = progress.total;
        say(`unpacking ${progress.done}/${progress.total} packages`);
      } else say(`writing ${progress.step}`);
    },
    summary: (image) => {
      const fetched = received.size === 0 ? 'nothing to fetch' : `${humanSize(total(), 3)} fetched`;
      const verified = packages === 0 ? '' : `, ${packages} packages verified`;
      return `Debian, Linux ${image.kernelVersion}${verified}, ${fetched}`;
    },
  };
}
