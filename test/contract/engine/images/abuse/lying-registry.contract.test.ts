import { randomBytes } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { ImageStore } from '../../../../../src/engine/images/image-store.ts';
import { LayerPool } from '../../../../../src/engine/images/layer/layer-pool.ts';
import { Transport } from '../../../../../src/engine/images/registry/transport.ts';
import { RETRY } from '../../../../../src/engine/images/registry/retry.ts';
import { eventually } from '../../../../helpers/eventually.ts';
import { file } from '../../../../helpers/images/entries.ts';
import { layerTar } from '../../../../helpers/images/layer-tar.ts';
import { sha256 } from '../fake-registry.ts';
import { startImages } from '../images-under-test.ts';
import type { ImagesUnderTest } from '../images-under-test.ts';
import { expectRefusal } from './cache-snapshot.ts';
import { OCI, startLyingRegistry } from './lying-registry.ts';
import type { Lie, LyingRegistry, Manifest } from './lying-registry.ts';

const MiB = 1024 ** 2;
const layers = [layerTar([file('x', randomBytes(3000))])];
const [first = Buffer.alloc(0)] = layers;
const diffId = sha256(first);
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const layerAs = (mediaType: string) => (manifest: Manifest) => ({
  ...manifest,
  layers: manifest.layers.map((layer) => ({ ...layer, mediaType })),
});
const endlessly = (response: ServerResponse, piece: Buffer) => {
  const more = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
};

/** The one among them that may be the network's fault. */
const BROKEN_OFF = 'a layer that is cut off';

/** What is wrong with an image, and what is said of it. */
const IMAGES: Readonly<Record<string, readonly [Lie, RegExp]>> = {
  'a config of other bytes': [
    { layers, onConfig: (_, response) => response.end('{}') },
    /image config verification failed for digest sha256:\w+: size is 2, expected \d+/,
  ],
  'a config of as many other bytes': [
    {
      layers,
      config: () => '{"a":1}',
      onConfig: (_, response) => response.end('{"a":2}'),
    },
    /image config verification failed for digest sha256:/,
  ],
  'a config without an end': [
    { layers, onConfig: (_, response) => endlessly(response, Buffer.alloc(65_536, ' ')) },
    /image config sha256:\w+ is larger than \d+ bytes/,
  ],
  'a config that is too large': [
    { layers, manifest: (m) => ({ ...m, config: { ...m.config, size: 5 * MiB } }) },
    /image config sha256:\w+ is larger than 4194304 bytes/,
  ],
  'a manifest that is too large': [
    { layers, manifest: (m) => `${JSON.stringify(m)}${' '.repeat(4 * MiB)}` },
    /the manifest "1" is larger than 4194304 bytes/,
  ],
  'a key twice in the manifest': [
    { layers, manifest: (m) => JSON.stringify(m).replace('{', '{"l\\u0061yers":[],') },
    /invalid manifest: it has "layers" twice/,
  ],
  'a key twice in the config': [
    { layers, config: (c) => JSON.stringify(c).replace('"rootfs":{', '"rootfs":{"type":"x",') },
    /invalid image config: it has "type" twice/,
  ],
  'depths without a ground': [
    {
      layers,
      config: (c) => JSON.stringify(c).replace('"Cmd"', `"Volumes":{"/v":{"a":${nested(5000)}}},"Cmd"`),
    },
    /invalid image config: it is nested more than 100 times/,
  ],
  'fewer diffIDs than layers': [
    { layers, config: (c) => ({ ...c, rootfs: { type: 'layers', diff_ids: [] } }) },
    /1 layers in its manifest, 0 in its config/,
  ],
  'another diffID': [
    {
      layers,
      config: (c) => ({ ...c, rootfs: { type: 'layers', diff_ids: [`sha256:${'1'.repeat(64)}`] } }),
    },
    /layer verification failed: diffID is sha256:\w+, the image says sha256:1+ \(layer sha256:\w+\)/,
  ],
  'more layers than can be mounted': [
    { layers, manifest: (m) => ({ ...m, layers: Array.from({ length: 491 }, () => m.layers[0]) }) },
    /invalid manifest: layers: .*490/,
  ],
  'a layer larger than the disk': [
    { layers, manifest: (m) => ({ ...m, layers: m.layers.map((one) => ({ ...one, size: 2 ** 50 })) }) },
    /no space left on device: layer sha256:\w+ needs 1125899906842624 bytes/,
  ],
  'a layer larger than said': [
    { layers, manifest: (m) => ({ ...m, layers: m.layers.map((one) => ({ ...one, size: 100 })) }) },
    /digest sha256:\w+: the registry sends \d+ bytes, expected 100/,
  ],
  'a layer smaller than said': [
    { layers, manifest: (m) => ({ ...m, layers: m.layers.map((one) => ({ ...one, size: 99_999 })) }) },
    /digest sha256:\w+: the registry sends \d+ bytes, expected 99999/,
  ],
  'a layer without an end': [
    { layers: [{ stored: first, diffId }], onLayer: (_, response) => endlessly(response, first) },
    /digest sha256:\w+: size is more than \d+, expected/,
  ],
  [BROKEN_OFF]: [
    { layers, onLayer: (_, response) => response.writeHead(200).end('cut') },
    /layer sha256:\w+ can't be downloaded: the connection ended before the layer did/,
  ],
  'a layer that the registry has not got': [
    { layers, onLayer: (_, response) => response.writeHead(404).end('{"errors":[{"code":"BLOB_UNKNOWN"}]}') },
    /layer sha256:\w+ can't be downloaded: blob unknown/,
  ],
  'other bytes': [
    {
      layers: [{ stored: first, diffId }],
      onLayer: (_, response) => response.end(Buffer.alloc(first.length)),
    },
    /verification failed for digest sha256:\w+: it is sha256:/,
  ],
  'redirects in a circle': [
    { layers, onLayer: (request, response) => response.writeHead(307, { location: request.url }).end() },
    /GET "http:[^"]*": stopped after 5 redirects/,
  ],
  'a redirect to another host, in the clear': [
    { layers, onLayer: (_, response) => response.writeHead(307, { location: 'http://192.0.2.1/x' }).end() },
    /redirects to "http:\/\/192.0.2.1", which is not HTTPS/,
  ],
  'a redirect to nowhere': [
    { layers, onLayer: (_, response) => response.writeHead(307, { location: 'http://[' }).end() },
    /a redirect that can't be followed/,
  ],
  '429 for ever': [
    {
      layers,
      onLayer: (_, response) => response.writeHead(429).end('{"errors":[{"code":"TOOMANYREQUESTS"}]}'),
    },
    /toomanyrequests/,
  ],
  'a status with a book in its body': [
    { layers, onTag: (_, response) => response.writeHead(500).end('x'.repeat(100_000)) },
    /received unexpected HTTP status: 500/,
  ],
  'an error that speaks to the terminal': [
    {
      layers,
      onTag: (_, response) =>
        response.writeHead(400).end('{"errors":[{"code":"X","message":"\\u001b[2J\\u009b"}]}'),
    },
    /^x: \?\[2J\?$/,
  ],
  'a header without an end': [
    { layers, onTag: (_, response) => response.writeHead(200, { x: 'x'.repeat(20_000) }).end() },
    /Header overflow/i,
  ],
  'an index of an index': [
    {
      index: (_, put) => {
        const below = put('{"schemaVersion":2,"manifests":[]}', `${OCI}.index.v1+json`);
        return {
          schemaVersion: 2,
          manifests: [{ ...below, platform: { os: 'linux', architecture: 'amd64' } }],
        };
      },
    },
    /the manifest sha256:\w+ for linux\/\w+ is itself an index/,
  ],
  'an index that is wrong about a type': [
    {
      layers,
      index: (m) => ({
        schemaVersion: 2,
        manifests: [
          {
            ...m,
            mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
            platform: { os: 'linux', architecture: 'amd64' },
          },
        ],
      }),
    },
    /is of type "application\/vnd.oci.image.manifest.v1\+json", its index says "application\/vnd.docker/,
  ],
  'an index that is wrong about a size': [
    {
      layers,
      index: (m) => ({
        schemaVersion: 2,
        manifests: [{ ...m, size: 3, platform: { os: 'linux', architecture: 'amd64' } }],
      }),
    },
    /has \d+ bytes, its index says 3/,
  ],
  'a manifest that is served as an index': [
    { layers, contentType: `${OCI}.index.v1+json` },
    /but it was served as/,
  ],
  'no image at all': [
    {
      layers,
      manifest: (m) => ({
        ...m,
        config: { ...m.config, mediaType: 'application/vnd.cncf.helm.config.v1+json' },
      }),
    },
    /not a container image: its config is of type "application\/vnd.cncf.helm.config.v1\+json"/,
  ],
  'an encrypted layer': [
    { layers, manifest: layerAs(`${OCI}.layer.v1.tar+gzip+encrypted`) },
    /unsupported type "[^"]*\+encrypted" of layer sha256:/,
  ],
};

describe('registries that lie', function () {
  this.timeout(120_000); // the first run may have to bring erofs-utils
  let under: ImagesUnderTest;
  let registry: LyingRegistry;
  before(async () => {
    registry = await startLyingRegistry();
    under = await startImages();
    const { text } = await under.pull(registry.tell({ layers: [layerTar([file('before', 'x')])] }));
    expect(text).to.contain('Status: Downloaded newer image');
  });
  after(async () => {
    await under.close();
    await registry.stop();
  });

  it('are refused by name and reason, and leave the cache as it was', async () => {
    for (const [what, [lie, message]] of Object.entries(IMAGES)) {
      try {
        await expectRefusal(under, registry.tell(lie), message, what === BROKEN_OFF);
      } catch (error) {
        throw new Error(what, { cause: error });
      }
    }
    const asked = await under.pull(registry.tell({ layers }));
    expect(asked.text).to.contain('Status: Downloaded newer image');
  });

  it('leave nothing of the other layers of an image either', async () => {
    const partials = join(under.directory, 'data/partial');
    const came = () => readdirSync(partials).some((name) => statSync(join(partials, name)).size > 0);
    const other = layerTar([file('other', randomBytes(3000))]);
    const lie = { stored: Buffer.alloc(first.length, 1), diffId: sha256(Buffer.from('never')) };
    const image = registry.tell({
      layers: [other, lie],
      onLayer: (request, response) => {
        if (request.url?.endsWith(sha256(lie.stored)) !== true) {
          response.writeHead(200).write(gzipSync(other).subarray(0, 2000));
          return;
        }
        void eventually(() => Promise.resolve(came()), Boolean, 'a part of the other layer').then(() =>
          response.end(Buffer.alloc(first.length)),
        );
      },
    });
    await expectRefusal(under, image, /verification failed for digest|invalid layer/);
  });

  it('are not waited for where what they send trickles', async () => {
    const pace = { ms: 100, bytes: 1000 };
    const startSlow = async (idleMs: number) =>
      await startImages({
        transport: new Transport({ connectMs: 15_000, idleMs, pace }),
        retry: { ...RETRY, attempts: 2, baseMs: 1 },
      });
    // Longer than any machine's pause: what trickles isn't to be taken for silence here.
    const slow = await startSlow(15_000);
    const silent = await startSlow(500);
    const trickle = (response: ServerResponse) => {
      const timer = setInterval(() => response.write(' '), 10);
      response.once('close', () => clearInterval(timer));
    };
    try {
      const tooSlow = /\d+ bytes in 0.1 seconds: too slow to go on/;
      await expectRefusal(
        slow,
        registry.tell({ layers, onLayer: (_, response) => trickle(response) }),
        tooSlow,
        true,
      );
      await expectRefusal(
        slow,
        registry.tell({ layers, onTag: (_, response) => trickle(response) }),
        tooSlow,
        true,
      );
      const head = (response: ServerResponse) => {
        // As long as nothing but single bytes of a header comes, no silence is long enough.
        response.socket?.write('HTTP/1.1 200 OK\r\nx: ');
        const timer = setInterval(() => response.socket?.write('x'), 10);
        response.once('close', () => clearInterval(timer));
      };
      await expectRefusal(
        silent,
        registry.tell({ layers, onTag: (_, response) => head(response) }),
        /no answer in time/,
        true,
      );
    } finally {
      await slow.close();
      await silent.close();
    }
  });

  it('do not spoil the same layer for those who have it from elsewhere', async () => {
    const store = await ImageStore.open(join(under.directory, 'other'));
    const pool = new LayerPool(store, join(under.binDir, 'mkfs.erofs'));
    const { signal } = new AbortController();
    const from = (bytes: Buffer) => () => ({
      bytes: Readable.from([bytes]) as AsyncIterable<Buffer>,
      diffId,
    });
    const ensure = async (bytes: Buffer) =>
      await pool.ensure(diffId, from(bytes), () => undefined, signal).then(() => 'there', String);
    const both = await Promise.all([ensure(layerTar([file('lie', '')])), ensure(first)]);
    expect(both[0]).to.contain('layer verification failed: diffID is');
    expect(both[1]).to.equal('there');
  });
});
