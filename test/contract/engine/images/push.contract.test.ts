import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { RETRY } from '../../../../src/engine/images/registry/retry.ts';
import { debianTools } from '../../../helpers/debian-tools.ts';
import { directory, file } from '../../../helpers/images/entries.ts';
import { writeOciLayout } from '../../../helpers/images/oci-layout.ts';
import { runProgram } from '../../../helpers/process.ts';
import { ACCOUNT, startRegistry } from '../../../helpers/registry.ts';
import type { Registry } from '../../../helpers/registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

/** Bytes that gzip can't make small, so that a layer takes several packets. */
const noise = Buffer.concat(
  Array.from({ length: 30_000 }, (_, at) => createHash('sha256').update(String(at)).digest()),
);
const config = { Cmd: ['/hello'] };
const layers = [
  { compression: 'gzip' as const, entries: [directory('etc'), file('etc/a', 'first')] },
  { compression: 'zstd' as const, entries: [file('noise', noise)] },
  { compression: 'none' as const, entries: [file('top', 'third')] },
];
const { username, password } = ACCOUNT;
const auth = (given: object) => ({
  'x-registry-auth': Buffer.from(JSON.stringify(given)).toString('base64url'),
});

describe("pushing to Debian's docker-registry", function () {
  this.timeout(120_000); // the first run may have to bring the tools
  let scratch: string;
  let binDir: string;
  let registry: Registry;
  let closed: Registry;
  let host: string;
  let under: ImagesUnderTest;
  let digest: string;

  const skopeo = async (...args: string[]) => {
    const done = await runProgram(join(binDir, 'skopeo'), ['--tmpdir', scratch, ...args]);
    expect(done.status, done.stderr).to.equal(0);
    return done.stdout;
  };
  const push = async (name: string, tag = '1', headers: Record<string, string> = {}) =>
    await under.call('POST', `/images/${name}/push?tag=${tag}`, headers);
  const tag = async (name: string, repository: string, to = '1') => {
    const made = await under.call('POST', `/images/${name}/tag?repo=${repository}&tag=${to}`);
    expect(made.status, made.text).to.equal(201);
  };
  const digestAt = async (name: string) =>
    (await skopeo('inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${name}`)).trim();
  const statuses = (lines: readonly { status?: string | undefined; id?: string | undefined }[]) =>
    lines.filter(({ id, status }) => id !== undefined && status !== 'Pushing').map(({ status }) => status);

  before(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'wherry-push-'));
    ({ binDir } = await debianTools(['docker-registry', 'skopeo']));
    registry = await startRegistry(join(binDir, 'docker-registry'), join(scratch, 'registry'));
    closed = await startRegistry(join(binDir, 'docker-registry'), join(scratch, 'closed'), {
      accounts: true,
    });
    host = `127.0.0.1:${registry.port}`;
    digest = writeOciLayout(join(scratch, 'layout'), { config, layers });
    const copy = ['copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false'];
    await skopeo(...copy, `oci:${join(scratch, 'layout')}`, `docker://${host}/team/app:1`);
    // With real pauses: a real registry needs a moment to see that a connection broke.
    under = await startImages({ retry: { ...RETRY, attempts: 8, baseMs: 100 } });
    await under.pull(`${host}/team/app`);
  });
  after(async () => {
    await under.close();
    await registry.stop();
    await closed.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('gives what was pulled the digest that it had, and mounts its layers from there', async () => {
    await tag(`${host}/team/app:1`, `${host}/copy/app`, '2');
    const { lines, text } = await push(`${host}/copy/app`, '2');
    expect(lines[0]).to.deep.equal({ status: `The push refers to repository [${host}/copy/app]` });
    expect(statuses(lines), text).to.have.members([
      ...Array.from({ length: 3 }, () => 'Preparing'),
      ...Array.from({ length: 3 }, () => 'Mounted from team/app'),
    ]);
    const { size } = statSync(join(scratch, 'layout/blobs/sha256', digest.slice(7)));
    expect(lines.slice(-2)).to.deep.equal([
      { status: `2: digest: ${digest} size: ${size}` },
      { progressDetail: {}, aux: { Tag: '2', Digest: digest, Size: size } },
    ]);
    expect(await digestAt(`${host}/copy/app:2`)).to.equal(digest);
    const inspected = JSON.parse((await under.call('GET', `/images/${host}/copy/app:2/json`)).text) as {
      RepoDigests: string[];
    };
    expect(inspected.RepoDigests).to.include(`${host}/copy/app@${digest}`);
    expect(under.events.past().map(({ Action }) => Action)).to.include('push');
    const again = await push(`${host}/copy/app`, '2');
    expect(statuses(again.lines).slice(3)).to.deep.equal(
      Array.from({ length: 3 }, () => 'Layer already exists'),
    );
  });

  it('uploads to a registry that has none of it, with credentials only', async () => {
    const there = `127.0.0.1:${closed.port}`;
    await tag(`${host}/team/app:1`, `${there}/team/app`);
    const refused = await push(`${there}/team/app`);
    expect(refused.lines.at(-1)).to.deep.equal({
      errorDetail: { message: 'no basic auth credentials' },
      error: 'no basic auth credentials',
    });
    const wrong = await push(`${there}/team/app`, '1', auth({ username, password: 'wrong' }));
    expect(wrong.lines.at(-1)?.error).to.equal('unauthorized: authentication required');
    const { lines, text } = await push(`${there}/team/app`, '1', auth({ username, password }));
    expect(statuses(lines).slice(-3), text).to.deep.equal(['Pushed', 'Pushed', 'Pushed']);
    const uploads = join(scratch, 'closed/data/docker/registry/v2/repositories/team/app/_uploads');
    expect(readdirSync(uploads)).to.deep.equal([]);
    expect(await under.pull(`${there}/team/app`)).to.deep.include({ status: 404 });
    const pulled = await under.pull(`${there}/team/app`, '1', auth({ username, password }));
    expect(pulled.lines.at(-2)).to.deep.equal({ status: `Digest: ${digest}` });
    // Nothing of the password stays on the disk.
    const found = await runProgram('grep', [
      '-rlE',
      `${password}|${btoa(`${username}:${password}`)}`,
      under.directory,
    ]);
    expect(found).to.include({ status: 1, stdout: '' });
  });

  it('goes on where a connection broke', async () => {
    let cut = true;
    const proxy = createServer((client) => {
      const upstream = connect(registry.port, '127.0.0.1');
      let sent = 0;
      client.on('data', (chunk: Buffer) => {
        sent += chunk.length;
        upstream.write(chunk);
        if (!cut || sent < 300_000) return;
        cut = false;
        upstream.end();
        client.destroy();
      });
      upstream.pipe(client);
      for (const socket of [client, upstream]) socket.on('error', () => 'the other side is gone');
      client.on('close', () => upstream.end());
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const address = proxy.address();
    const there = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    try {
      await tag(`${host}/team/app:1`, `${there}/broken/app`);
      const { lines, text } = await push(`${there}/broken/app`);
      expect(cut, text).to.equal(false);
      expect(statuses(lines).slice(-3), text).to.deep.equal(['Pushed', 'Pushed', 'Pushed']);
      expect(await digestAt(`${host}/broken/app:1`)).to.equal(digest);
    } finally {
      await new Promise((resolve) => {
        proxy.close(resolve);
        under.images.close(); // its kept-alive connections end
      });
    }
  });

  it('pushes every tag of a repository, and says what is not there', async () => {
    for (const to of ['1', 'b']) await tag(`${host}/team/app:1`, `${host}/all/app`, to);
    const { lines } = await under.call('POST', `/images/${host}/all/app/push`);
    const told = lines.filter(({ status }) => status?.includes('digest:') === true);
    expect(told.map(({ status }) => status?.split(' ')[0])).to.deep.equal(['1:', 'b:']);
    expect((await push(`${host}/all/app`, 'c')).lines.at(-1)?.error).to.equal(
      `tag does not exist: ${host}/all/app:c`,
    );
    expect((await push(`${host}/none`)).lines.at(-1)?.error).to.equal(
      `An image does not exist locally with the tag: ${host}/none`,
    );
    expect((await push('a@sha256:'.padEnd(73, '0'))).status).to.equal(400);
    const arm = encodeURIComponent('{"os":"linux","architecture":"arm64"}');
    const other = await under.call('POST', `/images/${host}/all/app/push?tag=b&platform=${arm}`);
    expect(other.lines.at(-1)?.error).to.contain('does not match the specified platform (linux/arm64/v8)');
  });

  it('pulls every tag of a repository, and says once what came of it', async () => {
    for (const to of ['x', 'y']) {
      await tag(`${host}/team/app:1`, `${host}/many/app`, to);
      await push(`${host}/many/app`, to);
      await under.call('DELETE', `/images/${host}/many/app:${to}`);
    }
    const { lines, text } = await under.call('POST', `/images/create?fromImage=${host}/many/app`);
    const told = lines.map(({ status = '', id }) => (id === undefined ? status : `${id}: ${status}`));
    // In the registry's order.
    expect(told.filter((line) => line.includes('Pulling from')).toSorted(), text).to.deep.equal([
      'x: Pulling from many/app',
      'y: Pulling from many/app',
    ]);
    expect(told.filter((line) => line === `Digest: ${digest}`)).to.have.length(2);
    expect(told.slice(4)).to.deep.equal([`Status: Downloaded newer image for ${host}/many/app`]);
    for (const to of ['x', 'y']) under.images.resolver.resolve(`${host}/many/app:${to}`);
  });

  it('makes a manifest for an image whose layer is kept as another image brought it', async () => {
    const twin = layers.slice(0, 1).map((layer) => ({ ...layer, compression: 'zstd' as const }));
    const layout = join(scratch, 'twin');
    const theirs = writeOciLayout(layout, { config: { Cmd: ['/twin'] }, layers: twin });
    const copy = ['copy', '--quiet', '--preserve-digests', '--dest-tls-verify=false'];
    await skopeo(...copy, `oci:${layout}`, `docker://${host}/team/twin:1`);
    const pulled = await under.pull(`${host}/team/twin`);
    expect(statuses(pulled.lines)).to.include('Already exists');
    // Where the registry has the other form, the manifest can stay.
    const again = await push(`${host}/team/twin`);
    expect(again.lines.at(-1)?.aux, again.text).to.include({ Digest: theirs });
    await tag(`${host}/team/twin:1`, `${host}/else/twin`);
    const { lines, text } = await push(`${host}/else/twin`);
    const pushed = String(lines.at(-1)?.aux?.['Digest']);
    expect(pushed, text)
      .to.match(/^sha256:/)
      .and.not.to.equal(theirs);
    expect(await digestAt(`${host}/else/twin:1`)).to.equal(pushed);
  });

  it("makes a manifest of Docker's for an image that came without one, and keeps it", async () => {
    const only = { config, layers: layers.slice(0, 1) };
    const layout = join(scratch, 'one');
    writeOciLayout(layout, only);
    await skopeo('copy', '--quiet', `oci:${layout}`, `docker-archive:${scratch}/one.tar:saved/app:1`);
    const loaded = await under.call('POST', '/images/load', {}, readFileSync(join(scratch, 'one.tar')));
    expect(loaded.text).to.contain('Loaded image: saved/app:1');
    await tag('saved/app:1', `${host}/saved/app`);
    const { lines, text } = await push(`${host}/saved/app`);
    const pushed = String(lines.at(-1)?.aux?.['Digest']);
    expect(pushed, text).to.match(/^sha256:/);
    expect(await digestAt(`${host}/saved/app:1`)).to.equal(pushed);
    await under.call('DELETE', '/images/saved/app:1');
    await under.call('DELETE', `/images/${host}/saved/app:1`);
    const back = await under.pull(`${host}/saved/app`);
    expect(back.lines.at(-2)).to.deep.equal({ status: `Digest: ${pushed}` });
  });
});
