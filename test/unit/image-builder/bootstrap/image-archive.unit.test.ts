import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageArchive, imageDocuments } from '../../../../src/image-builder/bootstrap/image-archive.ts';
import { aptSources } from '../../../../src/image-builder/bootstrap/own-files.ts';
import { stageArchive } from '../../../../src/image-builder/bootstrap/stage-archive.ts';
import { readTar } from '../../../../src/image-builder/tar/reader.ts';

const sha256 = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function filesOf(tar: AsyncIterable<Uint8Array>): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { path, content, type } of readTar(tar)) if (type === 'file') files.set(path, content);
  return files;
}

describe("a bootstrapped image's archives", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-archive-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('an OCI layout whose digests are right, with the layers that are sent', async () => {
    const bytes = Buffer.from('a layer');
    const path = join(directory, 'layer');
    writeFileSync(path, bytes);
    const sent = { path, diffId: 'sha256:d1', digest: sha256(bytes), size: bytes.length };
    const known = { path: '', diffId: 'sha256:d0', digest: `sha256:${'0'.repeat(64)}`, size: 5 };
    const documents = imageDocuments({
      arch: 'arm64',
      created: 1_793_626_894,
      layers: [
        { file: known, createdBy: 'packages' },
        { file: sent, createdBy: 'scripts' },
      ],
      labels: { one: '1' },
      name: 'debian:trixie',
    });
    const files = await filesOf(imageArchive(documents, [sent]));
    const json = (name: string) => JSON.parse((files.get(name) ?? '').toString()) as Record<string, never>;
    expect(json('oci-layout')).to.deep.equal({ imageLayoutVersion: '1.0.0' });
    const [entry] = json('index.json')['manifests'] as unknown as [
      { digest: string; annotations: Record<string, string> },
    ];
    expect(entry.annotations).to.deep.equal({ 'io.containerd.image.name': 'debian:trixie' });
    for (const [name, content] of files)
      if (name.startsWith('blobs/')) expect(name).to.equal(`blobs/${sha256(content).replace(':', '/')}`);
    const manifest = json(`blobs/${entry.digest.replace(':', '/')}`) as unknown as {
      config: { digest: string };
      layers: { digest: string }[];
    };
    expect(manifest.config.digest).to.equal(documents.id);
    expect(manifest.layers.map(({ digest }) => digest)).to.deep.equal([known.digest, sent.digest]);
    expect(json(`blobs/${documents.id.replace(':', '/')}`)).to.deep.include({
      architecture: 'arm64',
      variant: 'v8',
      created: '2026-11-02T13:41:34Z',
      rootfs: { type: 'layers', diff_ids: ['sha256:d0', 'sha256:d1'] },
    });
    expect([...files.keys()].filter((name) => name.startsWith('blobs/'))).to.have.lengthOf(3);
  });

  it('what the container is given: the runner, the plan, and packages to unpack there', async () => {
    const path = join(directory, 'x.deb');
    writeFileSync(path, 'deb');
    const debs = [{ name: 'x_amd64.deb', path, size: 3 }];
    const files = await filesOf(stageArchive({ plan: 'configure -a\n', debs }));
    expect(files.get('.wherry-bootstrap/plan')?.toString()).to.equal('configure -a\n');
    expect(files.get('.wherry-bootstrap/x_amd64.deb')?.toString()).to.equal('deb');
    expect(files.get('.wherry-bootstrap/run')?.toString()).to.match(/^#!\/bin\/sh\n/);
  });

  it("apt's sources: the mirrors of the packages, reachable from a container, without passwords", () => {
    const suites = (main: string, security: string) => [
      { suite: 'trixie', mirror: main },
      { suite: 'trixie-updates', mirror: main },
      { suite: 'trixie-security', mirror: security },
    ];
    const text = aptSources(suites('http://me:secret@mirror.lan/debian/', 'http://127.0.0.1:99/security'));
    expect(text.split('\n\n')[0]).to.equal(
      'Types: deb\nURIs: http://mirror.lan/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg',
    );
    expect(text).to.include('URIs: http://deb.debian.org/debian-security\nSuites: trixie-security\n');
    expect(aptSources(suites('http://localhost:1/x', 'http://localhost:1/y'))).to.include(
      'URIs: http://deb.debian.org/debian\n',
    );
  });
});
