import { expect } from 'chai';
import { dpkgDatabase } from '../../../../src/image-builder/bootstrap/dpkg-database.ts';
import { controlOf } from './packages-fixture.ts';

const control = (files: Record<string, string>): Map<string, Buffer> =>
  new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]));

const files = dpkgDatabase([
  {
    control: control({
      control: controlOf('libx', { 'Multi-Arch': 'same' }),
      triggers: '# a comment\nactivate-noawait ldconfig\n',
      md5sums: 'abc  usr/lib/x\n',
    }),
    paths: ['', 'usr', 'usr/lib', 'usr/lib/x'],
    contentOf: () => undefined,
  },
  {
    control: control({
      control: controlOf('tool'),
      conffiles: '/etc/tool\nremove-on-upgrade /etc/gone\n/etc/missing\n',
      postinst: '#!/bin/sh\n',
      triggers: 'interest ldconfig\ninterest-noawait /usr/share/fonts\n',
    }),
    paths: ['', 'etc', 'etc/tool', 'usr/bin/tool'],
    contentOf: (path) => (path.endsWith('/tool') ? Buffer.from('x') : undefined),
  },
]);
const at = (path: string): string | undefined => files.get(`var/lib/dpkg/${path}`)?.toString();

describe("dpkg's database of unpacked packages", () => {
  it('has each control file with its status, and the digests of the configuration files that are there', () => {
    const [libx = '', tool = ''] = (at('status') ?? '').split('\n\n');
    expect(libx).to.match(/^Package: libx\nStatus: install ok unpacked\nVersion: 1\n/);
    expect(libx).not.to.include('Conffiles');
    expect(tool).to.match(/\nConffiles:\n \/etc\/tool 9dd4e461268c8034f5c8564e155c67a6\n$/);
  });

  it('names what can be there for several architectures with its own', () => {
    expect(at('info/libx:amd64.md5sums')).to.equal('abc  usr/lib/x\n');
    expect(at('info/libx:amd64.list')).to.equal('/.\n/usr\n/usr/lib\n/usr/lib/x\n');
    expect(at('info/tool.postinst')).to.equal('#!/bin/sh\n');
    expect(at('info/tool.md5sums')).to.equal('9dd4e461268c8034f5c8564e155c67a6  usr/bin/tool\n');
    expect(at('info/tool.control')).to.equal(undefined);
    expect(at('info/format')).to.equal('1\n');
  });

  it('knows who waits for which trigger', () => {
    expect(at('triggers/ldconfig')).to.equal('tool\n');
    expect(at('triggers/File')).to.equal('/usr/share/fonts tool/noawait\n');
    for (const empty of ['available', 'diversions', 'statoverride', 'triggers/Unincorp'])
      expect(at(empty)).to.equal('');
  });
});
