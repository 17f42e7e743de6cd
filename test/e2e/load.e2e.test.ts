import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { runProgram } from '../helpers/process.ts';

describe('wherry load', () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-load-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  /** Writes the registry's busybox as an archive, by skopeo. */
  const archive = async (kind: 'docker-archive' | 'oci-archive', tag: string): Promise<string> => {
    const path = join(directory, `${kind}.tar`);
    const result = await runProgram(join(world().tools.binDir, 'skopeo'), [
      'copy',
      '--insecure-policy',
      '--src-tls-verify=false',
      '--dest-compress=false',
      `docker://127.0.0.1:${world().registry.port}/library/busybox:latest`,
      `${kind}:${path}:${tag}`,
    ]);
    expect(result.status, result.stderr).to.equal(0);
    return path;
  };

  it('takes a docker-archive by --input and an OCI archive from stdin', async () => {
    const docker = await archive('docker-archive', 'loaded:docker');
    expect(await world().ok(['load', '-i', docker])).to.match(/Loaded image: loaded:docker/);
    expect(await world().ok(['run', '--rm', 'loaded:docker', 'echo', 'it runs'])).to.equal('it runs\n');
    const oci = await archive('oci-archive', 'loaded:oci');
    expect(await world().ok(['load'], { input: readFileSync(oci) })).to.match(/Loaded image/);
    await world().ok(['rmi', '-f', 'loaded:docker']);
  });

  it('refuses what is no image archive, and keeps nothing of it', async () => {
    const before = await world().ok(['images', '-aq']);
    const result = await world().wherry(['load'], { input: Buffer.alloc(4096, 'x') });
    expect(result.status).to.equal(1);
    expect(result.stderr).to.match(/^Error/);
    expect(await world().ok(['images', '-aq'])).to.equal(before);
  });
});
