import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { RETRY } from '../../../../src/engine/images/registry/retry.ts';
import { RegistrySession } from '../../../../src/engine/images/registry/session.ts';
import { Transport } from '../../../../src/engine/images/registry/transport.ts';
import { BlobUploader } from '../../../../src/engine/images/registry/upload.ts';
import { startFakePushRegistry } from './fake-push-registry.ts';

const MiB = 1024 * 1024;
const SIZE = 40 * MiB;

describe('uploading to a registry behind a proxy that takes no large bodies', () => {
  it('sends pieces, one after the other', async () => {
    const fake = await startFakePushRegistry();
    const transport = new Transport();
    const ranges: (string | undefined)[] = [];
    const hash = createHash('sha256');
    let size = 0;
    fake.trouble = (request, response) => {
      if (request.method === 'PUT') {
        response.writeHead(201).end();
        return true;
      }
      if (request.method === 'GET') {
        response.writeHead(204, { range: `0-${Math.max(0, size - 1)}` }).end();
        return true;
      }
      if (request.method !== 'PATCH') return false;
      if (Number(request.headers['content-length']) > 20 * MiB) {
        response.writeHead(413, { connection: 'close' }).end();
        return true;
      }
      ranges.push(request.headers['content-range']);
      request.on('data', (chunk: Buffer) => {
        hash.update(chunk);
        size += chunk.length;
      });
      request.on('end', () => response.writeHead(202, { range: `0-${size - 1}` }).end());
      return true;
    };
    try {
      const session = new RegistrySession({
        transport,
        endpoint: { host: fake.host, scheme: 'http', insecure: true, mirror: false },
        settings: { registryMirrors: [], insecureRegistries: [] },
        credentials: {},
        repository: 'a/b',
      });
      const all = Buffer.alloc(SIZE, 'wherry');
      const digest = `sha256:${createHash('sha256').update(all).digest('hex')}`;
      const read = async function* (offset: number, end: number): AsyncGenerator<Buffer> {
        for (let at = offset; at < end; at += MiB) yield all.subarray(at, Math.min(end, at + MiB));
      };
      const signal = new AbortController().signal;
      await new BlobUploader(session, RETRY).bring({ digest, size: SIZE, read }, [], () => undefined, signal);
      expect(ranges).to.deep.equal([
        `0-${16 * MiB - 1}`,
        `${16 * MiB}-${32 * MiB - 1}`,
        `${32 * MiB}-${SIZE - 1}`,
      ]);
      expect(`sha256:${hash.digest('hex')}`).to.equal(digest);
    } finally {
      transport.close();
      await fake.stop();
    }
  });
});
