import { expect } from 'chai';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificatesOf } from '../../../src/machine/engine-settings.ts';
import { wayOut } from '../../../src/machine/way-out.ts';
import { makeAuthority } from '../../helpers/certificates.ts';

describe('what a machine is given of this computer’s way to registries', () => {
  let home: string;
  const empty = { insecureRegistries: [], registryMirrors: [], labels: [] };
  const inputs = (env: Record<string, string>) => ({
    platform: 'linux' as const,
    env,
    homeDirectory: home,
    uid: 1000,
  });
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'wherry-way-out-'));
  });
  afterEach(() => rm(home, { recursive: true }));

  it('is nothing where there is nothing', async () => {
    expect(await wayOut(empty, inputs({ HTTP_PROXY: '', ALL_PROXY: 'socks5://x' }))).to.deep.equal({
      proxy: {},
      certificates: { all: [], hosts: {} },
      notes: [],
    });
  });

  it('takes this computer’s proxies, each unless the machine has its own', async () => {
    const env = { HTTP_PROXY: 'http://a:1', http_proxy: 'http://b:2', https_proxy: 'c:3', NO_PROXY: 'x' };
    expect((await wayOut(empty, inputs(env))).proxy).to.deep.equal({
      http: 'http://a:1',
      https: 'c:3',
      no: 'x',
    });
    const own = { ...empty, env: ['HTTP_PROXY=', 'HTTPS_PROXY=http://u:p=q@d:4'] };
    expect((await wayOut(own, inputs(env))).proxy).to.deep.equal({ https: 'http://u:p=q@d:4', no: 'x' });
  });

  it('says which proxy can’t be used, without its password', async () => {
    const { proxy, notes } = await wayOut(empty, inputs({ https_proxy: 'socks5h://u:secret@p:1' }));
    expect(proxy).to.deep.equal({});
    expect(notes).to.deep.equal([
      "Note: this computer's HTTPS_PROXY is not used to reach registries: a proxy's scheme must be http or https, not socks5h",
    ]);
  });

  it('takes certificates by registry from certs.d, and names what it can’t use', async () => {
    const [one, two] = [makeAuthority('one').cert, makeAuthority('two').cert];
    const place = join(home, '.docker', 'certs.d', 'r.test:5000');
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'ca.crt'), `some text\n${one}${two}`);
    await writeFile(join(place, 'bad.crt'), 'nothing');
    await writeFile(join(place, 'client.cert'), one);
    await writeFile(join(home, '.docker', 'certs.d', 'README'), 'a file');
    // Stands for one that may not be read: root may read all.
    const loop = join(home, '.docker', 'certs.d', 'a-loop');
    await symlink(loop, loop);
    const { certificates, notes: said } = await wayOut(
      { ...empty, certificateAuthorities: [two] },
      inputs({}),
    );
    expect(certificates).to.deep.equal({
      all: [two],
      hosts: { 'r.test:5000': certificatesOf(one + two, 'x') },
    });
    const notes = [...said];
    expect(notes.shift()).to.match(/^Note: .*a-loop is not used: ELOOP/);
    expect(notes).to.deep.equal([
      `Note: ${place}/bad.crt is not used: ${place}/bad.crt holds no certificate in PEM`,
      `Note: ${place}/client.cert is not used: client certificates are not supported`,
    ]);
    const elsewhere = await wayOut(empty, inputs({ DOCKER_CONFIG: join(home, 'other') }));
    expect(elsewhere.certificates.hosts).to.deep.equal({});
  });

  it('refuses a file without a certificate, or with a broken one', () => {
    expect(() => certificatesOf('x', 'f.pem')).to.throw('f.pem holds no certificate in PEM');
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
    expect(() => certificatesOf(broken, 'f.pem')).to.throw("f.pem holds a certificate that can't be read");
  });
});
