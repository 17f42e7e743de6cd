import { closeSync, openSync, writeSync } from 'node:fs';
import type { FileContent } from '../tree/nodes.ts';

/** Contents below this stay in memory: what they'd take there is little more than what is kept of them anyway. */
const SMALL = 4096;

export interface ContentSpool {
  /** Takes a file's content out of memory. */
  put(content: Buffer): FileContent;
  close(): void;
}

/** One file on the host that holds the contents of many, so that a tree's size on disk isn't its size in memory. */
export function openContentSpool(path: string): ContentSpool {
  const fd = openSync(path, 'wx', 0o600);
  let end = 0;
  return {
    put: (content) => {
      if (content.length < SMALL) return Buffer.from(content);
      const offset = end;
      for (let done = 0; done < content.length;)
        done += writeSync(fd, content, done, content.length - done, offset + done);
      end += content.length;
      return { path, offset, length: content.length };
    },
    close: () => closeSync(fd),
  };
}
