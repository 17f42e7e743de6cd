import { expect } from 'chai';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContentStore } from '../../../../src/engine/store/content.ts';

describe("the content store's documents", () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'wherry-content-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('are there when they are stored', async () => {
    const store = ContentStore.open(root);
    await store.putDocument(digest, Buffer.from('{}'));
    expect(store.readDocument(digest).toString()).to.equal('{}');
    expect(readdirSync(store.ingest)).to.deep.equal([]);
  });

  it('leave nothing of themselves where they cannot be stored', async () => {
    const store = ContentStore.open(root);
    rmSync(join(root, 'blobs'), { recursive: true });
    const failure: unknown = await store.putDocument(digest, Buffer.from('{}')).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.have.property('code', 'ENOENT');
    expect(readdirSync(store.ingest)).to.deep.equal([]);
  });
});
