import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { directory, file } from '../../../helpers/images/entries.ts';
import { startFakePushRegistry } from './fake-push-registry.ts';
import type { FakePushRegistry } from './fake-push-registry.ts';
import { startFakeRegistry } from './fake-registry.ts';
import type { FakeRegistry } from './fake-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

/** More than fits into the buffers on the way. */
const ENDLESS = 256 * 1024 * 1024;

describe('the compressed blobs that are kept beside layers', () => {
  let registry: FakeRegistry;
  let target: FakePushRegistry;
  let under: ImagesUnderTest;
  let name: string;

  beforeEach(async () => {
    registry = await startFakeRegistry({ entries: [directory('x'), file('x/y', 'content'.repeat(1000))] });
    target = await startFakePushRegistry();
    under = await startImages();
    name = `${registry.host}/test/image`;
    expect((await under.pull(name)).text).to.contain('Status: Downloaded newer image');
  });
  afterEach(async () => {
    await under.close();
    await registry.stop();
    await target.stop();
  });

  const blobFile = (): string =>
    join(under.directory, 'data', 'blobs', 'sha256', registry.layer.digest.slice('sha256:'.length));
  const erofsFile = (): string =>
    join(under.directory, 'data', 'layers', `${registry.layer.diffId.slice('sha256:'.length)}.erofs`);
  const prune = async (filters: object) => {
    const answer = await under.call(
      'POST',
      `/images/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`,
    );
    expect(answer.status, answer.text).to.equal(200);
    return JSON.parse(answer.text) as { SpaceReclaimed: number; ImagesDeleted: unknown };
  };
  const giveUp = async () => await prune({ dangling: { true: true }, blobs: { true: true } });
  /** Requests for the layer's blob. */
  const fetches = (): number =>
    registry.requests.filter(({ url }) => url.endsWith(`/blobs/${registry.layer.digest}`)).length;
  /** Has the registry send a blob that doesn't end, or not before long. @returns the bytes that were taken from it */
  const sendEndlessly = () => {
    let sent = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    registry.misbehave = ({ request, response }) => {
      if (request.url?.includes(registry.layer.digest) !== true) return false;
      const chunk = Buffer.alloc(64 * 1024);
      const pieces = function* pieces() {
        for (; sent < ENDLESS; sent += chunk.length) yield chunk;
      };
      response.writeHead(200);
      Readable.from(pieces()).pipe(response);
      response.on('close', resolve);
      return true;
    };
    return async () => {
      await promise;
      return sent;
    };
  };
  const save = async () => await under.call('GET', `/images/${name}:1/get`);
  const saveBytes = async (): Promise<Buffer> => {
    const socketPath = join(under.directory, 'api.sock');
    const request = httpRequest({ socketPath, path: `/images/${name}:1/get`, agent: false }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return Buffer.concat(await response.toArray());
  };
  const tagElsewhere = async (): Promise<string> => {
    const other = `${target.host}/other/image`;
    await under.call('POST', `/images/${name}:1/tag?repo=${encodeURIComponent(other)}&tag=1`);
    return other;
  };

  it('stay through an ordinary prune, and go when that is asked for', async () => {
    expect(await prune({ dangling: { true: true } })).to.deep.include({ SpaceReclaimed: 0 });
    expect(existsSync(blobFile())).to.equal(true);
    expect(await giveUp()).to.deep.equal({
      ImagesDeleted: null,
      SpaceReclaimed: registry.layer.bytes.length,
    });
    expect([existsSync(blobFile()), existsSync(erofsFile())]).to.deep.equal([false, true]);
    expect(await giveUp()).to.deep.include({ SpaceReclaimed: 0 });
    await under.reopen();
    expect(under.images.resolver.resolve(`${name}:1`).layers).to.have.length(1);
    const again = await under.pull(name);
    expect(again.text).to.contain('Status: Image is up to date');
  });

  it('are fetched again for save, by digest, and kept', async () => {
    const before = await save();
    await giveUp();
    const fetched = fetches();
    expect((await save()).text).to.equal(before.text);
    expect(fetches()).to.equal(fetched + 1);
    expect(readFileSync(blobFile()).equals(registry.layer.bytes)).to.equal(true);
    await under.reopen();
    expect((await save()).text).to.equal(before.text);
    expect(fetches()).to.equal(fetched + 1);
    expect(await giveUp()).to.include({ SpaceReclaimed: registry.layer.bytes.length });
  });

  it('are fetched again for push, unless the other side has them', async () => {
    await giveUp();
    const other = await tagElsewhere();
    const fetched = fetches();
    const pushed = await under.call('POST', `/images/${other}/push?tag=1`);
    expect(pushed.text).to.contain(`1: digest: ${registry.manifestDigest}`);
    expect(fetches()).to.equal(fetched + 1);
    expect(target.blobs.get(registry.layer.digest)?.equals(registry.layer.bytes)).to.equal(true);
    expect(await giveUp()).to.include({ SpaceReclaimed: registry.layer.bytes.length });
    const again = await under.call('POST', `/images/${other}/push?tag=1`);
    expect(again.text).to.contain('Layer already exists').and.to.contain(registry.manifestDigest);
    expect(fetches()).to.equal(fetched + 1);
  });

  it('that nobody gives again are told, with the image and where they were looked for', async () => {
    const id = under.images.resolver.resolve(`${name}:1`).id;
    await giveUp();
    const wrong = Buffer.alloc(registry.layer.bytes.length);
    registry.misbehave = ({ request, response }) => {
      if (request.url?.includes(registry.layer.digest) !== true) return false;
      response.writeHead(200).end(wrong);
      return true;
    };
    const saved = await save();
    expect(saved.status).to.equal(500);
    expect(saved.text).to.contain(
      `image ${id} can't be saved: its compressed layers ${registry.layer.digest} are no longer kept`,
    );
    expect(saved.text).to.contain(`${name} did not give them again: verification failed`);
    expect(readdirSync(join(under.directory, 'data', 'ingest'))).to.deep.equal([]);
    registry.misbehave = ({ response }) => {
      response.writeHead(404).end();
      return true;
    };
    const pushed = await under.call('POST', `/images/${await tagElsewhere()}/push?tag=1`);
    expect(pushed.text).to.contain(
      `image ${id} can't be pushed: its compressed layers ${registry.layer.digest}`,
    );
    expect(pushed.text).to.contain(`${name} did not give them again: `);
  });

  it('come back with a pull that has them at hand', async () => {
    const before = await save();
    await giveUp();
    const fetched = fetches();
    const again = await under.pull(name);
    expect(again.text).to.contain('Download complete').and.to.contain('Status: Image is up to date');
    expect(fetches()).to.equal(fetched + 1);
    expect((await save()).text).to.equal(before.text);
    expect(fetches()).to.equal(fetched + 1);
  });

  it('leave the image as it is where a pull does not bring them back', async () => {
    await giveUp();
    const sent = sendEndlessly();
    const again = await under.pull(name);
    expect(again.text).to.contain('Its compressed form is not kept: filesystem layer verification failed');
    expect(again.lines.at(-1)?.status).to.contain('Status: Image is up to date');
    expect(await sent()).to.be.lessThan(ENDLESS);
    expect(existsSync(blobFile())).to.equal(false);
  });

  it('come back with an archive that has them', async () => {
    const response = await saveBytes();
    await giveUp();
    const fetched = fetches();
    const loaded = await under.call('POST', '/images/load', {}, response);
    expect(loaded.text).to.contain('Loaded image');
    expect(readFileSync(blobFile()).equals(registry.layer.bytes)).to.equal(true);
    expect(fetches()).to.equal(fetched);
  });

  it('are found again after the name that told where they are is gone', async () => {
    await under.call('POST', `/images/${name}:1/tag?repo=here&tag=1`);
    await giveUp();
    await under.call('DELETE', `/images/${name}:1`);
    await under.reopen();
    expect((await under.call('GET', '/images/here:1/get')).status).to.equal(200);
    expect(readFileSync(blobFile()).equals(registry.layer.bytes)).to.equal(true);
    // From here on nothing is known of the registry: they stay.
    expect(await giveUp()).to.deep.include({ SpaceReclaimed: 0 });
  });

  it('go although a manifest of another image is not understood any more', async () => {
    const other = await startFakeRegistry({ entries: [file('z', 'z')] });
    try {
      await under.pull(`${other.host}/test/image`);
      const manifest = other.manifestDigest.slice('sha256:'.length);
      const path = join(under.directory, 'data', 'blobs', 'sha256', manifest);
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, text.replace('{', '{"schemaVersion":2,'));
      expect(await giveUp()).to.deep.include({ SpaceReclaimed: registry.layer.bytes.length });
    } finally {
      await other.stop();
    }
  });

  it('are not waited for where nobody is reached', async () => {
    const other = await startFakeRegistry({ entries: [file('z', 'z')] });
    const gone = `${other.host}/test/image`;
    await under.pull(gone).finally(() => other.stop());
    await giveUp();
    expect((await under.call('GET', `/images/${gone}:1/get`)).text).to.contain(
      `${gone} did not give them again`,
    );
    expect(under.waits).to.deep.equal([]);
  });

  it('are not taken from a registry whose answer has no end', async () => {
    await giveUp();
    const sent = sendEndlessly();
    const saved = await save();
    expect(saved.text).to.contain(
      `digest ${registry.layer.digest}: size is more than ${registry.layer.bytes.length}, expected`,
    );
    expect(await sent()).to.be.lessThan(ENDLESS);
    expect(readdirSync(join(under.directory, 'data', 'ingest'))).to.deep.equal([]);
  });

  it('of images that no registry is known to have stay', async () => {
    // Its digest references go with its last tag: from then on nothing says where it came from.
    await under.call('POST', `/images/${name}:1/tag?repo=here&tag=1`);
    await under.call('DELETE', `/images/${name}:1`);
    expect(await giveUp()).to.deep.include({ SpaceReclaimed: 0 });
    expect(existsSync(blobFile())).to.equal(true);
  });

  it('make a torn layer whole when the image is pulled again', async () => {
    const whole = readFileSync(erofsFile());
    truncateSync(erofsFile(), 100);
    await under.reopen();
    expect(() => under.images.resolver.resolve(`${name}:1`)).to.throw('was damaged: pull it again');
    await under.reopen();
    const fetched = fetches();
    expect((await under.pull(name)).text).to.contain('Pull complete');
    expect(readFileSync(erofsFile()).equals(whole)).to.equal(true);
    expect(fetches()).to.equal(fetched);
    expect(under.images.resolver.resolve(`${name}:1`).layers).to.have.length(1);
  });

  it('that are torn, too, are not taken for the layer', async () => {
    truncateSync(erofsFile(), 100);
    writeFileSync(blobFile(), Buffer.alloc(registry.layer.bytes.length));
    await under.reopen();
    const fetched = fetches();
    expect((await under.pull(name)).text).to.contain('Pull complete');
    expect(fetches()).to.equal(fetched + 1);
    expect(readFileSync(blobFile()).equals(registry.layer.bytes)).to.equal(true);
  });

  it('that are torn have sources, too, once a prune has looked for them', async () => {
    truncateSync(blobFile(), 10);
    await under.reopen();
    await under.call('POST', `/images/${name}:1/tag?repo=here&tag=1`);
    expect(await giveUp()).to.deep.include({ SpaceReclaimed: 0 });
    await under.call('DELETE', `/images/${name}:1`);
    expect((await under.call('GET', '/images/here:1/get')).status).to.equal(200);
  });

  it('that are torn alone cost the layer nothing', async () => {
    const before = await save();
    truncateSync(blobFile(), 10);
    await under.reopen();
    expect(existsSync(blobFile())).to.equal(false);
    expect(under.images.resolver.resolve(`${name}:1`).layers).to.have.length(1);
    expect((await save()).text).to.equal(before.text);
  });
});
