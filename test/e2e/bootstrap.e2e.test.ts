import { expect } from 'chai';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostArch } from '../../src/core/arch.ts';
import { world } from '../helpers/e2e-hooks.ts';

/**
 * A Debian so small that it takes seconds under emulation, too: what dpkg and scripts can't do without, and a library whose
 * preinst has to run before it is unpacked. `npm run bench -- bootstrap` does the same with the default variant and
 * redis-server.
 */
const SMALL = [
  'debian:trixie-slim',
  '--variant',
  'custom',
  '--include',
  'base-files,base-passwd,coreutils,dash,diffutils,dpkg,grep,hostname,libc-bin,libreadline8t64,mawk,sed,tar',
];

/** Seconds where nothing else runs; on a computer with much else to do it has been seen to take minutes. */
const WITHIN_MS = 420_000;

describe('wherry image bootstrap', function () {
  this.timeout(2.5 * WITHIN_MS);
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-bootstrapped-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const bootstrap = async (...more: string[]): Promise<string> =>
    (
      await world().ok(['image', 'bootstrap', ...SMALL, ...more], {
        env: { TMPDIR: directory },
        timeoutMs: WITHIN_MS,
      })
    ).trim();

  it("makes an image of Debian's packages, their scripts run, twice the same, and leaves nothing else", async () => {
    const before = await world().ok(['images', '-aq', '--no-trunc']);
    const sbom = join(directory, 'sbom.json');
    const id = await bootstrap('--tag', 'small:one', '--sbom', sbom);
    expect(id).to.match(/^sha256:[0-9a-f]{64}$/);
    expect(await bootstrap('--tag', 'small:two', '--offline', '--quiet')).to.equal(id);
    const script = [
      'dpkg --audit',
      "dpkg-query -W -f '${Package} ${db:Status-Status}\\n' libreadline8t64",
      'dpkg-divert --list | grep -c readline.so.8.2',
      'getent passwd www-data | cut -d: -f3',
      'readlink /etc/alternatives/awk',
      'cat /var/lib/db/sbom/debian-trixie.spdx.json',
    ].join('\n');
    const output = await world().ok(['run', '--rm', '--network', 'none', 'small:two', 'sh', '-c', script]);
    const [status, diversions, user, awk, ...file] = output.split('\n');
    expect([status, diversions, user, awk]).to.deep.equal([
      'libreadline8t64 installed',
      '1',
      '33',
      '/usr/bin/mawk',
    ]);
    expect(file.join('\n')).to.equal(readFileSync(sbom, 'utf8'));
    const names = (JSON.parse(file.join('\n')) as { packages: { name: string }[] }).packages.map(
      ({ name }) => name,
    );
    expect(names).to.include.members(['dpkg', 'libc6', 'libreadline8t64']);

    const listed = await world().docker(['inspect', '-f', '{{.Id}} {{len .RootFS.Layers}}', 'small:one']);
    expect(listed.stdout).to.equal(`${id} 2\n`);
    const containers = await world().ok(['ps', '-a', '--format', '{{.Names}}']);
    expect(containers).not.to.include('wherry-bootstrap');
    await world().ok(['rmi', 'small:one', 'small:two']);
    expect(await world().ok(['images', '-aq', '--no-trunc'])).to.equal(before);
    expect(readdirSync(directory)).to.deep.equal(['sbom.json']);
    expect(readdirSync(join(world().home, 'bootstrap'))).to.deep.equal([]);
  });

  it('says what is wrong before anything is fetched: the suite, the package, the architecture', async () => {
    const failing = async (...words: string[]): Promise<string> => {
      const { status, stderr } = await world().wherry(['image', 'bootstrap', ...words]);
      expect(status).to.equal(1);
      return stderr;
    };
    expect(await failing('debian:sid')).to.include(`Wherry has no keys for Debian's "sid"`);
    const other = hostArch() === 'arm64' ? 'amd64' : 'arm64';
    expect(await failing('debian:trixie', '--arch', other)).to.match(
      new RegExp(
        `Error: The machine "e2e" is \\w+: .*\\n  Use one that can: {2}wherry machine create --arch ${other} NAME`,
      ),
    );
    expect(await failing('debian:trixie', '--offline', '--include', 'redis-servr')).to.include(
      'Debian has no package "redis-servr"\n  Is one of these meant?  redis-server',
    );
  });
});
