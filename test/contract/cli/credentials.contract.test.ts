import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect } from 'chai';
import { Credentials } from '../../../src/cli/registry/credentials.ts';
import { logout } from '../../../src/cli/registry/logout.ts';
import { encodeAuth, registryAuth } from '../../../src/cli/registry/registry-auth.ts';
import { serverKey, serverOfImage } from '../../../src/cli/registry/server-address.ts';
import { systemExec } from '../../../src/platform/exec.ts';
import { pipedTerminal } from '../../helpers/cli/scripted-engine.ts';

/** Keeps what it is given in files beside itself, and its arguments in `argv`. */
const HELPER = `#!/bin/sh
kept="$(dirname "$0")/kept"; mkdir -p "$kept"
echo "$@" >> "$(dirname "$0")/argv"
input="$(cat)"
name="$(printf %s "$input" | sed -n 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/p')"
file="$kept/$(printf %s "\${name:-$input}" | tr / _)"
case "$1" in
store) printf %s "$input" > "$file" ;;
get) [ -e "$file" ] || { echo "credentials not found in native keychain"; exit 1; }; cat "$file" ;;
erase) rm -f "$file" ;;
*) exit 2 ;;
esac
`;

describe('credentials of registries', () => {
  let home: string;
  let path: string;
  let bin: string;
  const signal = new AbortController().signal;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'wherry-credentials-'));
    path = join(home, '.docker', 'config.json');
    bin = join(home, 'bin');
    mkdirSync(bin);
    mkdirSync(join(home, '.docker'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const open = (platform: NodeJS.Platform = 'linux') => {
    const env = { PATH: [bin, process.env['PATH']].join(delimiter) };
    const exec = {
      ...systemExec,
      run: (argv: readonly string[], options = {}) => systemExec.run(argv, { ...options, env }),
    };
    // No helper of this computer's own is ever looked for.
    return new Credentials({ exec, env: { PATH: bin }, home, platform, signal });
  };
  const write = (config: object | string) =>
    writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
  const kept = () => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const installHelper = (name: string, script = HELPER) => {
    writeFileSync(join(bin, `docker-credential-${name}`), script);
    chmodSync(join(bin, `docker-credential-${name}`), 0o755);
  };
  const rejected = async (promise: Promise<unknown>): Promise<string> =>
    await promise.then(
      () => 'it worked',
      (error: unknown) => (error as Error).message,
    );

  it('finds a registry by the names that docker keeps it by', async () => {
    const auth = Buffer.from('me:p:ä').toString('base64');
    write({
      auths: {
        'https://index.docker.io/v1/': { auth },
        'https://old.example/v1/': { auth },
        'ghcr.io': { identitytoken: 'token' },
      },
    });
    const credentials = open();
    const server = serverOfImage('busybox');
    expect(await credentials.get(server)).to.deep.include({ username: 'me', password: 'p:ä' });
    expect(await credentials.get(serverOfImage('old.example/x/y:1'))).to.deep.include({ username: 'me' });
    expect(await credentials.get(serverOfImage('ghcr.io/x'))).to.deep.include({ identitytoken: 'token' });
    expect(await credentials.get(serverOfImage('localhost:5000/x'))).to.equal(undefined);
    expect(serverOfImage('docker.io/me/x')).to.equal(server);
    expect(serverKey('')).to.equal(server);
    expect(serverKey('https://r.example:5000/v2/')).to.equal('r.example:5000');
  });

  it('writes the file for its owner only, keeps the rest of it, and warns', async () => {
    write({ HttpHeaders: { A: 'b' }, auths: { other: { auth: 'eDp5', email: 'x@y' } }, proxies: {} });
    chmodSync(path, 0o644);
    const warning = await open().store({ username: 'me', password: 'secret', serveraddress: 'r:1' });
    expect(warning).to.contain(`WARNING! Your credentials are stored unencrypted in '${path}'.`);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(kept()).to.deep.equal({
      HttpHeaders: { A: 'b' },
      auths: { other: { auth: 'eDp5', email: 'x@y' }, 'r:1': { auth: 'bWU6c2VjcmV0' } },
      proxies: {},
    });
    expect(readdirSync(join(home, '.docker'))).to.deep.equal(['config.json']);
    expect(await open().get('r:1')).to.deep.include({ username: 'me', password: 'secret' });
  });

  it('follows a link to the file, and makes the directory', async () => {
    rmSync(join(home, '.docker'), { recursive: true });
    await open().store({ username: 'a', password: 'b', serveraddress: 'r' });
    expect(statSync(join(home, '.docker')).mode & 0o777).to.equal(0o700);
    const elsewhere = join(home, 'dotfiles.json');
    rmSync(path);
    writeFileSync(elsewhere, '{}');
    symlinkSync(elsewhere, path);
    await open().store({ username: 'a', password: 'b', serveraddress: 'r' });
    expect(readFileSync(elsewhere, 'utf8')).to.contain('"r"');
    expect(kept()).to.have.nested.property('auths.r');
  });

  it('keeps an identity token in place of a password', async () => {
    const warning = await open().store({
      username: 'me',
      password: 'secret',
      identitytoken: 'token',
      serveraddress: 'r',
    });
    expect(warning).to.equal(undefined);
    expect(readFileSync(path, 'utf8')).not.to.contain(Buffer.from('me:secret').toString('base64'));
    expect(await open().get('r')).to.deep.include({ identitytoken: 'token' });
  });

  it('gives them to a helper by stdin, never by arguments, and takes them back', async () => {
    installHelper('own');
    write({ credsStore: 'own', credHelpers: { plain: '' } });
    const credentials = open();
    const auth = { username: 'me', password: 'secret', serveraddress: 'https://index.docker.io/v1/' };
    expect(await credentials.store(auth)).to.equal(undefined);
    expect(await credentials.get(auth.serveraddress)).to.deep.equal(auth);
    expect(readFileSync(path, 'utf8')).not.to.contain('secret');
    expect(kept()['auths']).to.deep.equal({ [auth.serveraddress]: {} });
    await credentials.store({ identitytoken: 'token', serveraddress: 'r' });
    expect(await credentials.get('r')).to.deep.equal({ identitytoken: 'token', serveraddress: 'r' });
    expect(await credentials.get('nowhere')).to.equal(undefined);
    await credentials.erase('r');
    expect(await credentials.get('r')).to.equal(undefined);
    expect(kept()['auths']).to.deep.equal({ [auth.serveraddress]: {} });
    expect(readFileSync(join(bin, 'argv'), 'utf8')).not.to.match(/secret|token/);
    // One registry that the helper isn't for.
    expect(await credentials.store({ ...auth, serveraddress: 'plain' })).to.contain('unencrypted');
    expect(await credentials.get('plain')).to.deep.include({ password: 'secret' });
  });

  it("takes the platform's own helper, where it is installed, for a configuration without credentials", async () => {
    installHelper('secretservice');
    const auth = { username: 'me', password: 'secret', serveraddress: 'r' };
    expect(await open().store(auth)).to.equal(undefined);
    expect(kept()).to.deep.equal({ auths: { r: {} }, credsStore: 'secretservice' });
    write({ auths: { other: {} } });
    expect(await open().store(auth)).to.contain('unencrypted');
  });

  it('says which helper failed, without what it was given', async () => {
    write({ credsStore: 'absent' });
    expect(await rejected(open().get('r'))).to.contain('docker-credential-absent was not found');
    installHelper('sad', '#!/bin/sh\ncat\necho; echo no keychain here\nexit 3\n');
    write({ credsStore: 'sad' });
    const auth = { username: 'me', password: 's3cret', serveraddress: 'r' };
    expect(await rejected(open().store(auth))).to.equal(
      'error storing credentials - docker-credential-sad failed with status 3',
    );
    expect(existsSync(path) && readFileSync(path, 'utf8')).to.equal('{"credsStore":"sad"}');
    write({ credsStore: '../evil' });
    expect(await rejected(open().get('r'))).to.contain('invalid name of a credential helper');
  });

  it('never overwrites a file that it does not understand, nor tells what is in it', async () => {
    for (const text of ['{"auths": s3cret', '{"auths": {"r": {"auth": 5, "x": "s3cret"}}}', '[]']) {
      write(text);
      const said = await rejected(open().store({ username: 'a', password: 'b', serveraddress: 'r' }));
      expect(said).to.contain(`Error loading config file: ${path}: `).and.not.contain('s3cret');
      expect(readFileSync(path, 'utf8')).to.equal(text);
    }
  });

  it('lets a pull go on without credentials where they cannot be had, and says so', async () => {
    write({ credsStore: 'absent' });
    const stderr = new PassThrough();
    const headers = await registryAuth('busybox', stderr, signal, open());
    expect(headers).to.deep.equal({ 'X-Registry-Auth': 'e30=' });
    expect(String(stderr.read())).to.match(/^WARNING: docker-credential-absent was not found/);
    const sent = encodeAuth({ username: 'me', password: 'ÿ?>', serveraddress: 'r' });
    expect(sent).to.match(/^[\w-]+=*$/);
    expect(JSON.parse(Buffer.from(sent, 'base64url').toString())).to.include({ password: 'ÿ?>' });
  });

  it('logs out of every spelling', async () => {
    write({ auths: { 'https://r': { auth: 'eDp5' }, r: { auth: 'eDp5' }, s: {} }, other: 1 });
    const terminal = pipedTerminal();
    await logout(open(), 'r', terminal);
    expect(kept()).to.deep.equal({ auths: { s: {} }, other: 1 });
    expect(String((terminal.stdout as unknown as PassThrough).read())).to.equal(
      'Removing login credentials for r\n',
    );
  });
});
