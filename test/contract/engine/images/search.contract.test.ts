import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { renderList } from '../../../../src/cli/render/format.ts';
import { SEARCH_LIST, searchRows } from '../../../../src/cli/render/search-list.ts';
import type { SearchItem } from '../../../../src/cli/render/search-list.ts';
import { searchTarget } from '../../../../src/engine/images/registry/search.ts';
import { debianTools } from '../../../helpers/debian-tools.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

const RESULTS = [
  { name: 'redis', description: `Redis is ${'very '.repeat(20)}fast`, star_count: 13_000, is_official: true },
  { name: 'me/redis', description: 'two\nlines\u001b[2J', star_count: 3, is_official: false },
  { name: 'plain', description: null },
];
const basic = Buffer.from('me:secret').toString('base64');
const auth = {
  'x-registry-auth': Buffer.from('{"username":"me","password":"secret"}').toString('base64url'),
};

describe('searching a registry', function () {
  this.timeout(120_000); // the first run may have to bring Debian's docker
  let under: ImagesUnderTest;
  let server: Server;
  let host: string;
  const asked: { readonly url: string; readonly authorization: string | undefined }[] = [];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const ordinary: typeof answer = (_, response) => response.end(JSON.stringify({ results: RESULTS }));

  before(async () => {
    under = await startImages();
    server = createServer((request, response) => {
      asked.push({ url: request.url ?? '', authorization: request.headers.authorization });
      answer(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    host = `127.0.0.1:${address.port}`;
  });
  beforeEach(() => {
    answer = ordinary;
    asked.length = 0;
  });
  after(async () => {
    await under.close();
    server.closeAllConnections();
    server.close();
  });
  const search = async (query: Record<string, string>, headers: Record<string, string> = {}) => {
    const parameters = new URLSearchParams({ term: `${host}/redis`, ...query });
    const { status, text } = await under.call('GET', `/images/search?${parameters.toString()}`, headers);
    return { status, body: JSON.parse(text) as SearchItem[] & { message?: string } };
  };
  const names = async (query: Record<string, string>) => (await search(query)).body.map(({ name }) => name);

  it("gives what the registry has, in moby's form", async () => {
    const { status, body } = await search({});
    expect(status).to.equal(200);
    expect(asked.map(({ url }) => url)).to.deep.equal(['/v1/search?q=redis&n=25']);
    expect(body.slice(1)).to.deep.equal([
      {
        name: 'me/redis',
        description: 'two lines?[2J',
        star_count: 3,
        is_official: false,
        is_automated: false,
      },
      { name: 'plain', description: '', star_count: 0, is_official: false, is_automated: false },
    ]);
  });

  it('filters as moby does, and asks for as many as are wanted', async () => {
    const filters = (value: object) => ({ filters: JSON.stringify(value) });
    expect(await names(filters({ stars: ['2', '3'] }))).to.deep.equal(['redis', 'me/redis']);
    expect(await names(filters({ 'is-official': ['true'] }))).to.deep.equal(['redis']);
    expect(await names(filters({ 'is-official': { false: true } }))).to.deep.equal(['me/redis', 'plain']);
    expect(await names(filters({ 'is-automated': ['true'] }))).to.deep.equal([]);
    expect((await search(filters({ stars: ['many'] }))).body.message).to.equal(
      "invalid filter 'stars=[many]'",
    );
    expect((await search(filters({ colour: ['red'] }))).status).to.equal(400);
    await search({ limit: '7' });
    expect(asked.at(-1)?.url).to.equal('/v1/search?q=redis&n=7');
    for (const limit of ['0', '101', '-1']) {
      const { status, body } = await search({ limit });
      expect([status, body.message]).to.deep.equal([400, `limit ${limit} is outside the range of [1, 100]`]);
    }
    expect((await search({ term: 'https://x/y' })).body.message).to.contain('should not have a scheme');
  });

  it('is of Docker Hub where no host is named', () => {
    const settings = { registryMirrors: ['http://mirror'], insecureRegistries: [] };
    const target = (term: string) => {
      const { endpoint, query } = searchTarget(term, settings);
      return `${endpoint.scheme}://${endpoint.host} ${query}`;
    };
    expect(
      ['redis', 'me/redis', 'library/redis', 'docker.io/me/x', 'ghcr.io/x', 'localhost/x'].map(target),
    ).to.deep.equal([
      'https://index.docker.io redis',
      'https://index.docker.io me/redis',
      'https://index.docker.io redis',
      'https://index.docker.io me/x',
      'https://ghcr.io x',
      'https://localhost x',
    ]);
  });

  it('takes the credentials along, but to no other host', async () => {
    await search({}, auth);
    expect(asked.map(({ authorization }) => authorization)).to.deep.equal([`Basic ${basic}`]);
    const there = `http://localhost:${host.split(':')[1] ?? ''}/there`;
    answer = (request, response) => {
      if (request.url === '/there') ordinary(request, response);
      else response.writeHead(307, { location: there }).end();
    };
    expect((await search({}, auth)).body).to.have.length(3);
    expect(asked.at(-1)).to.deep.equal({ url: '/there', authorization: undefined });
    expect((await search({}, { 'x-registry-auth': '%' })).status).to.equal(200);
  });

  it('says what went wrong', async () => {
    const failing = async (status: number, text: string) => {
      answer = (_, response) => response.writeHead(status).end(text);
      return (await search({})).body.message;
    };
    expect(await failing(404, '')).to.equal(`Unexpected status code 404: ${host} has no search`);
    expect(await failing(500, '')).to.equal('Unexpected status code 500');
    expect(await failing(200, '<html>')).to.contain(
      `${host} answered the search with something else than JSON`,
    );
    expect(await failing(200, '{"results":[{"name":1}]}')).to.contain('in an unknown form');
    expect(await failing(200, ' '.repeat(5 * 1024 ** 2))).to.contain('is larger than 4194304 bytes');
  });

  it("is shown by ours as by docker's own client", async () => {
    const { binDir } = await debianTools(['docker-registry', 'skopeo', 'docker-cli', 'erofs-utils']);
    const config = mkdtempSync(join(tmpdir(), 'wherry-search-'));
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${under.directory}/api.sock`,
      DOCKER_CONFIG: config,
    };
    writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [host]: { auth: basic } } }));
    const docker = async (...words: string[]) => {
      const argv = ['search', ...words, `${host}/redis`];
      return (await promisify(execFile)(join(binDir, 'docker'), argv, { env })).stdout;
    };
    try {
      const { body } = await search({});
      const ours = (format: string | undefined, truncate = true) =>
        `${renderList(searchRows(body, { truncate, json: format === 'json' }), SEARCH_LIST, format).join('\n')}\n`;
      expect(ours(undefined)).to.equal(await docker());
      expect(ours(undefined, false)).to.equal(await docker('--no-trunc'));
      expect(ours('json')).to.equal(await docker('--format', 'json'));
      expect(ours('{{.Name}} {{.StarCount}} {{.IsOfficial}}')).to.equal(
        await docker('--format', '{{.Name}} {{.StarCount}} {{.IsOfficial}}'),
      );
      expect(asked.at(-1)?.authorization).to.equal(`Basic ${basic}`);
    } finally {
      rmSync(config, { recursive: true });
    }
  });
});
