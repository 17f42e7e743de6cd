import type { ComposeProgress } from '../../image-builder/compose.ts';
import { shortId } from '../../image-builder/store/image-store.ts';
import type { ImageManifest } from '../../image-builder/store/manifest.ts';

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
        if (progress.cached) say(`checking ${progress.name}`);
        else {
          received.set(progress.name, progress.received);
          say(`fetching ${progress.name} (${megabytes(total())} so far)`);
        }
      } else if (progress.step === 'packages') {
        packages = progress.total;
        say(`unpacking ${progress.done}/${progress.total} packages`);
      } else say(STEPS[progress.step]);
    },
    summary: (image) => {
      // Somebody else was composing, and this waited for it.
      if (packages === 0) return alreadyComposed(image);
      const fetched = received.size === 0 ? 'nothing to fetch' : `${megabytes(total())} fetched`;
      return `${image.distribution}, ${packages} packages verified, ${fetched}`;
    },
  };
}

export type FollowComposition = typeof followComposition;

/** What is said of an image that needn't be composed. */
export function alreadyComposed(image: ImageManifest): string {
  return `${shortId(image.id)}, ${image.distribution}, already composed`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;
}

const STEPS = {
  initrd: 'making the initrd',
  system: 'writing the system disk',
  finish: 'bringing it to the disk',
} as const;
