import { closeSync, openSync, readSync } from 'node:fs';
import { WherryError } from '../../core/errors.ts';
import type { FileContent } from './nodes.ts';

/** A file's whole content in memory: for small files. @throws IMAGE_SOURCE_SHORT when its source has fewer bytes */
export function readContent(content: FileContent): Buffer {
  if (Buffer.isBuffer(content)) return content;
  const bytes = Buffer.alloc(content.length);
  const fd = openSync(content.path, 'r');
  try {
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(fd, bytes, done, bytes.length - done, content.offset + done);
      if (count === 0)
        throw new WherryError({
          code: 'IMAGE_SOURCE_SHORT',
          message: `${content.path} ended before byte ${content.offset + content.length}, which the image needs.`,
        });
      done += count;
    }
    return bytes;
  } finally {
    closeSync(fd);
  }
}
