import type { Downloader, DownloadProgress } from '../../platform/net/download.ts';
import type { HttpGet } from '../../platform/net/http-client.ts';
import type { RetryPolicy } from '../../platform/net/retry.ts';

/** What the steps of opening an archive share. */
export interface ArchiveContext {
  /** As Debian writes it: `amd64`, `arm64`. */
  arch: string;
  cacheDir: string;
  now: () => Date;
  get: HttpGet;
  downloader: Downloader;
  offline: boolean;
  retry: RetryPolicy | undefined;
  signal: AbortSignal | undefined;
  onProgress: ((progress: DownloadProgress) => void) | undefined;
}
