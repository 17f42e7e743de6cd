import { expect } from 'chai';
import { file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import { startLyingRegistry } from './abuse/lying-registry.ts';
import type { LyingRegistry } from './abuse/lying-registry.ts';
import { startImages } from './images-under-test.ts';
import type { ImagesUnderTest } from './images-under-test.ts';

const layers = [layerTar([file('x', 'limited')])];
const HUB = '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit"}]}';

describe("registries' rate limits", function () {
  this.timeout(120_000); // the first run may have to bring erofs-utils
  let under: ImagesUnderTest;
  let registry: LyingRegistry;
  before(async () => {
    [under, registry] = [await startImages(), await startLyingRegistry()];
  });
  after(async () => {
    await under.close();
    await registry.stop();
  });
  const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' };

  it('are told with what is left, when to come back, and what helps; nobody waits for hours', async () => {
    const image = registry.tell({
      onTag: (_, response) => response.writeHead(429, { ...headers, 'retry-after': '5400' }).end(HUB),
    });
    const { text } = await under.pull(image);
    expect(JSON.parse(text)).to.deep.equal({
      message: `toomanyrequests: You have reached your pull rate limit; 0 of 100 pulls are left within 6 hours; try again in 90 minutes; those who are logged in may pull more: wherry login ${registry.host}`,
    });
    const used = registry.tell({ onTag: (_, response) => response.writeHead(429, headers).end(HUB) });
    const auth = Buffer.from('{"username":"me","password":"secret"}').toString('base64url');
    expect((await under.pull(used, '1', { 'x-registry-auth': auth })).text).to.contain(
      '0 of 100 pulls are left within 6 hours; try again later"',
    );
    expect(under.waits).to.deep.equal([]);
  });

  it('are mentioned while a few pulls are left', async () => {
    const image = registry.tell({ layers });
    const { text: silent } = await under.pull(image);
    expect(silent).not.to.contain('are left');
    registry.headers = { ...headers, 'ratelimit-remaining': '7;w=21600' };
    const { lines } = await under.pull(image);
    expect(lines.map(({ status }) => status)).to.include(
      `${registry.host}: 7 of 100 pulls are left within 6 hours`,
    );
    expect(lines.at(-1)?.status).to.contain('Status: Image is up to date');
  });
});

describe('the pages of a list of tags', function () {
  this.timeout(120_000);
  let under: ImagesUnderTest;
  let registry: LyingRegistry;
  before(async () => {
    [under, registry] = [await startImages(), await startLyingRegistry()];
  });
  after(async () => {
    await under.close();
    await registry.stop();
  });
  const pullAll = async (image: string) =>
    await under.call('POST', `/images/create?fromImage=${encodeURIComponent(image)}`);
  const tagsOf = (pages: Readonly<Record<string, readonly [tags: readonly string[], link: string]>>) =>
    registry.tell({
      layers,
      onOther: (request, response) => {
        const query = new URL(request.url ?? '', 'http://x').search;
        const [tags, link] = pages[query] ?? [[], ''];
        response.writeHead(200, link === '' ? {} : { link }).end(JSON.stringify({ name: 'x', tags }));
      },
    });

  it('are followed by their Link headers, relative or not', async () => {
    const image = tagsOf({
      '': [['1'], '<?n=1&last=1>; rel="next"'],
      '?n=1&last=1': [[], `<${registry.url}/v2/lie/number0/tags/list?last=z>; title="a, b"; rel=next`],
      '?last=z': [['1'], '</elsewhere>; rel="prev"'],
    });
    const { text, lines } = await pullAll(image);
    expect(lines.at(-1)?.status, text).to.equal(`Status: Downloaded newer image for ${image}`);
    expect(registry.requests.map(({ url }) => url).filter((url) => url.includes('/tags/'))).to.deep.equal([
      '/v2/lie/number0/tags/list',
      '/v2/lie/number0/tags/list?n=1&last=1',
      '/v2/lie/number0/tags/list?last=z',
    ]);
  });

  it('end where they go in a circle, and where a tag is none', async () => {
    const circle = tagsOf({ '': [['1'], '<?a>; rel="next"'], '?a': [['1'], '<?a>; rel="next"'] });
    expect((await pullAll(circle)).text).to.contain('the registry lists tags without an end');
    expect((await pullAll(tagsOf({ '': [['../x'], ''] }))).text).to.contain('lists tags in an unknown form');
  });
});
