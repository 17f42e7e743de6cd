import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../../../helpers/eventually.ts';
import { file } from '../../../helpers/images/entries.ts';
import { sendBlob, startFakeRegistry } from './fake-registry.ts';
import type { FakeRegistry } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

const noise = createHash('shake256', { outputLength: 300_000 }).update('noise').digest();

describe('a pull that was interrupted', () => {
  let registry: FakeRegistry;
  let under: ImagesUnderTest;
  let half: number;

  beforeEach(async () => {
    registry = await startFakeRegistry({ entries: [file('noise', noise)] });
    under = await startImages();
    half = Math.floor(registry.layer.bytes.length / 2);
  });
  afterEach(async () => {
    await under.close();
    await registry.stop();
  });

  const partials = (): string => join(under.directory, 'data', 'partial');
  const partial = (): string => join(partials(), registry.layer.digest.slice('sha256:'.length));
  const pull = async () => await under.pull(`${registry.host}/test/image`);
  /** The registry sends half of the layer, and then nothing, until the engine goes away in the middle of it. */
  const interrupted = async (): Promise<void> => {
    registry.misbehave = ({ request, response }) => {
      if (request.url?.endsWith(registry.layer.digest) !== true) return false;
      response.writeHead(200, { 'content-length': registry.layer.bytes.length });
      response.write(registry.layer.bytes.subarray(0, half));
      return true;
    };
    const cut = pull().catch(() => 'its connection ends with the engine');
    await eventually(
      async () => (readdirSync(partials()).length > 0 ? readFileSync(partial()).length : 0),
      (bytes) => bytes === half,
      'half of the layer',
    );
    await under.reopen();
    await cut;
    registry.misbehave = () => false;
    registry.requests.length = 0;
  };
  const ranges = () =>
    registry.requests
      .filter(({ url }) => url.endsWith(registry.layer.digest))
      .map(({ headers }) => headers.range);
  const expectWhole = async (): Promise<void> => {
    const { text } = await pull();
    expect(text).to.contain('Status: Downloaded newer image');
    const blob = join(under.directory, 'data', 'blobs', 'sha256', registry.layer.digest.slice(7));
    expect(readFileSync(blob).equals(registry.layer.bytes)).to.equal(true);
    expect(readdirSync(partials())).to.deep.equal([]);
  };

  it('goes on after a restart of the engine where the download was', async () => {
    await interrupted();
    expect(readFileSync(partial()).length).to.equal(half);
    expect(under.images.usage().layersSize).to.equal(half);
    await expectWhole();
    expect(under.images.usage().layersSize).to.equal(noise.length);
    expect(ranges()).to.deep.equal([`bytes=${half}-`]);
  });

  it('begins anew where a crash has garbled what was there', async () => {
    await interrupted();
    writeFileSync(partial(), Buffer.alloc(half));
    await expectWhole();
    expect(ranges().at(-1)).to.equal(undefined);
  });

  it('begins anew at a registry that knows no ranges, and takes what it has not', async () => {
    await interrupted();
    registry.misbehave = ({ request, response }) => {
      if (request.url?.endsWith(registry.layer.digest) !== true) return false;
      delete request.headers.range;
      sendBlob(request, response, registry.layer.bytes);
      return true;
    };
    await expectWhole();
    expect(ranges()).to.have.length(1);
  });

  it('goes on in the next pull after a connection that broke too often', async () => {
    let answered = false;
    registry.misbehave = ({ request, response }) => {
      if (request.url?.endsWith(registry.layer.digest) !== true) return false;
      if (answered) response.destroy();
      else {
        response.writeHead(200, { 'content-length': registry.layer.bytes.length });
        response.write(registry.layer.bytes.subarray(0, half), () => response.destroy());
      }
      answered = true;
      return true;
    };
    const failed = await pull();
    expect(failed.lines.at(-1)?.error, failed.text).to.match(
      /can't be downloaded|can't be reached|connection/,
    );
    const has = readFileSync(partial()).length;
    expect(has).to.be.within(1, half);
    registry.misbehave = () => false;
    registry.requests.length = 0;
    await expectWhole();
    expect(ranges()).to.deep.equal([`bytes=${has}-`]);
  });

  it('is forgotten by a prune', async () => {
    await interrupted();
    expect((await under.call('POST', '/images/prune')).status).to.equal(200);
    expect(readdirSync(partials())).to.deep.equal([]);
    await expectWhole();
    expect(ranges()).to.deep.equal([undefined]);
  });
});
