import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { debianTools } from '../../../helpers/debian-tools.ts';
import { runProgram } from '../../../helpers/process.ts';
import { ACCOUNT, startRegistry } from '../../../helpers/registry.ts';
import type { Registry } from '../../../helpers/registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

const { username, password } = ACCOUNT;

describe('POST /auth', function () {
  this.timeout(120_000); // the first run may have to bring the tools
  let under: ImagesUnderTest;
  before(async () => {
    under = await startImages();
  });
  after(async () => await under.close());

  const login = async (body: object | string) => {
    const sent = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const { status, text } = await under.call('POST', '/auth', {}, sent);
    return { status, answer: JSON.parse(text) as Record<string, string> };
  };

  it('takes nothing in place of credentials, and repeats none of it', async () => {
    for (const body of ['s3cret', { username: 1, password: 's3cret' }]) {
      const { status, answer } = await login(body);
      expect(status).to.equal(400);
      expect(answer['message']).not.to.contain('s3cret');
    }
    expect((await login({ serveraddress: 'http://[' })).status).to.equal(400);
  });

  describe("at Debian's docker-registry with accounts", () => {
    let scratch: string;
    let binDir: string;
    let registry: Registry;
    let host: string;
    before(async () => {
      scratch = mkdtempSync(join(tmpdir(), 'wherry-login-'));
      ({ binDir } = await debianTools(['docker-registry', 'skopeo', 'docker-cli', 'erofs-utils']));
      registry = await startRegistry(join(binDir, 'docker-registry'), scratch, { accounts: true });
      host = `127.0.0.1:${registry.port}`;
    });
    after(async () => {
      await registry.stop();
      rmSync(scratch, { recursive: true, force: true });
    });

    it('is a success with the right password', async () => {
      for (const serveraddress of [host, `http://${host}`, `https://${host}/v1/`]) {
        const { status, answer } = await login({ username, password, serveraddress });
        expect(answer, serveraddress).to.deep.equal({ IdentityToken: '', Status: 'Login Succeeded' });
        expect(status).to.equal(200);
      }
    });

    it("is 401 in docker's words with a wrong one, and with none", async () => {
      const wrong = await login({ username, password: 'no', serveraddress: host });
      expect(wrong.status).to.equal(401);
      expect(wrong.answer['message']).to.equal(
        `login attempt to http://${host}/v2/ failed with status: 401 Unauthorized`,
      );
      const none = await login({ serveraddress: host });
      expect(none.status).to.equal(401);
      expect(none.answer['message']).to.equal(`Get "http://${host}/v2/": no basic auth credentials`);
    });

    it("serves docker's own login and logout", async () => {
      const config = join(scratch, 'docker');
      const docker = async (args: string[], input = '') =>
        await runProgram(
          join(binDir, 'docker'),
          ['-H', `unix://${under.directory}/api.sock`, '--config', config, ...args],
          { input, timeoutMs: 30_000 },
        );
      const loggedIn = await docker(['login', '-u', username, '--password-stdin', host], password);
      expect(loggedIn.stdout, loggedIn.stderr).to.equal('Login Succeeded\n');
      const kept = () => JSON.parse(readFileSync(join(config, 'config.json'), 'utf8')) as { auths: object };
      expect(kept().auths).to.have.property(host);
      const refused = await docker(['login', '-u', username, '--password-stdin', host], 'no');
      expect(refused.status).to.equal(1);
      expect(refused.stderr).to.contain('failed with status: 401 Unauthorized');
      expect((await docker(['logout', host])).status).to.equal(0);
      expect(kept().auths).to.deep.equal({});
    });
  });

  describe('at a registry with a token server', () => {
    let server: Server;
    let host: string;
    const asked: { url: string; authorization: string | undefined }[] = [];
    const answers = (request: IncomingMessage): [number, object] => {
      const { authorization = '' } = request.headers;
      if (request.url === '/v2/') return authorization === 'Bearer t' ? [200, {}] : [401, {}];
      if (authorization !== `Basic ${Buffer.from('me:right').toString('base64')}`)
        return [401, { details: 'incorrect username or password' }];
      return [200, { token: 't', refresh_token: 'refresh' }];
    };
    before(async () => {
      server = createServer((request, response) => {
        asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
        const [status, body] = answers(request);
        const challenge = `Bearer realm="http://${host}/token",service="here"`;
        response.writeHead(status, status === 401 ? { 'www-authenticate': challenge } : {});
        response.end(JSON.stringify(body));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    });
    after(() => {
      server.closeAllConnections();
      server.close();
    });

    it('gives the identity token that it gave', async () => {
      asked.length = 0;
      const { status, answer } = await login({ username: 'me', password: 'right', serveraddress: host });
      expect(answer).to.deep.equal({ IdentityToken: 'refresh', Status: 'Login Succeeded' });
      expect(status).to.equal(200);
      expect(asked.map(({ url }) => url)).to.deep.equal([
        '/v2/',
        '/token?service=here&offline_token=true&client_id=wherry',
        '/v2/',
      ]);
      expect(asked[0]?.authorization).to.equal(undefined);
    });

    it("says no in the token server's words", async () => {
      const { status, answer } = await login({ username: 'me', password: 'wrong', serveraddress: host });
      expect(status).to.equal(401);
      expect(answer['message']).to.equal(
        `Get "http://${host}/v2/": unauthorized: incorrect username or password`,
      );
    });
  });
});
