import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { dpkgDatabase } from '../../../../src/image-builder/bootstrap/dpkg-database.ts';
import { controlOf } from '../../../unit/image-builder/bootstrap/packages-fixture.ts';

const run = promisify(execFile);

/** The real dpkg goes on from where a database of ours stands. Its scripts run here, not in the folder (DPKG_ROOT). */
describe("dpkg with a bootstrapped image's database", () => {
  let root: string;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'wherry-dpkg-'));
  });
  after(() => rmSync(root, { recursive: true }));

  it('finds the packages unpacked, configures them in the order of their needs, runs triggers, and has no complaint', async function () {
    const script = (line: string): string => `#!/bin/sh\nset -e\n${line}\n`;
    const said = (what: string): string => script(`echo "${what} $1 $2" >>"$DPKG_ROOT/said"`);
    const make = (files: Record<string, string>) =>
      new Map(Object.entries(files).map(([name, content]) => [name, Buffer.from(content)]));
    // Whatever architecture this dpkg is of.
    const arch = (await run('dpkg', ['--print-architecture'])).stdout.trim();
    const packages = [
      {
        control: make({
          control: controlOf('app', { Architecture: arch, Depends: 'lib' }),
          postinst: said('app'),
          conffiles: '/etc/app.conf\n',
        }),
        paths: ['', 'etc', 'etc/app.conf'],
        contentOf: (path: string) => (path === '/etc/app.conf' ? Buffer.from('x') : undefined),
      },
      {
        control: make({
          control: controlOf('lib', { Architecture: arch, 'Multi-Arch': 'same', Depends: 'cache' }),
          postinst: said('lib'),
          triggers: 'activate-noawait refresh\n',
        }),
        paths: ['', 'usr', 'usr/lib', 'usr/lib/lib.so'],
        contentOf: () => undefined,
      },
      {
        control: make({
          control: controlOf('cache', { Architecture: arch }),
          postinst: said('cache'),
          triggers: 'interest-noawait refresh\ninterest-noawait /usr/share/icons\n',
        }),
        paths: ['', 'usr'],
        contentOf: () => undefined,
      },
    ];
    for (const folder of ['info', 'updates', 'alternatives', 'parts', 'triggers'])
      mkdirSync(join(root, 'var/lib/dpkg', folder), { recursive: true });
    for (const [path, content] of [
      ...dpkgDatabase(packages),
      ['etc/app.conf', 'x'],
      ['usr/lib/lib.so', ''],
    ] as const) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
      if (path.endsWith('.postinst')) chmodSync(join(root, path), 0o755);
    }
    const dpkg = (...args: string[]) =>
      run('dpkg', [
        `--root=${root}`,
        '--force-script-chrootless',
        '--force-not-root',
        '--force-bad-path',
        '--log=/dev/null',
        ...args,
      ]);
    const query = async (format: string): Promise<string> =>
      (await run('dpkg-query', [`--root=${root}`, '-W', '-f', format])).stdout;

    expect(await query('${db:Status-Status} ')).to.equal('unpacked unpacked unpacked ');
    await dpkg('--configure', '-a');
    expect(await query('${Package} ${db:Status-Status}\n')).to.equal(
      'app installed\ncache installed\nlib installed\n',
    );
    const lines = readFileSync(join(root, 'said'), 'utf8')
      .split('\n')
      .map((line) => line.trim());
    expect(lines.indexOf('lib configure')).to.be.lessThan(lines.indexOf('app configure'));
    expect(lines).to.include('cache configure').and.include('cache triggered refresh');
    expect((await dpkg('--audit')).stdout).to.equal('');
    expect((await dpkg('--verify')).stdout).to.equal('');
    expect((await query('${Conffiles}')).trim()).to.equal('/etc/app.conf 9dd4e461268c8034f5c8564e155c67a6');
  });
});
