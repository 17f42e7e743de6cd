import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { bypasses } from '../../../../../src/engine/images/outside/no-proxy.ts';
import { outsideOf } from '../../../../../src/engine/images/outside/outside.ts';
import { readOutside } from '../../../../../src/engine/images/outside/read-outside.ts';

describe('the way out: NO_PROXY', () => {
  // [NO_PROXY, host:port, bypassed] as golang.org/x/net/http/httpproxy answers.
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['', 'example.com:80', false],
    ['', 'localhost:80', true],
    ['', '127.9.9.9:5000', true],
    ['', '::1:5000', true],
    ['*', 'example.com:80', true],
    ['a, *', 'example.com:80', true],
    ['example.com', 'example.com:443', true],
    ['EXAMPLE.com ', 'example.COM:443', true],
    ['example.com', 'hub.example.com:443', true],
    ['example.com', 'notexample.com:443', false],
    ['.example.com', 'example.com:443', false],
    ['.example.com', 'hub.example.com:443', true],
    ['*.example.com', 'example.com:443', false],
    ['*.example.com', 'hub.example.com:443', true],
    ['example.com:5000', 'example.com:5000', true],
    ['example.com:5000', 'example.com:443', false],
    [':5000', 'example.com:5000', false],
    ['192.0.2.1', '192.0.2.1:80', true],
    ['192.0.2.1', '192.0.2.10:80', false],
    ['192.0.2.1:81', '192.0.2.1:80', false],
    ['192.0.2.0/24', '192.0.2.77:80', true],
    ['192.0.2.0/24', '192.0.3.77:80', false],
    ['192.0.2.0/99', '192.0.2.77:80', false],
    ['192.0.2.0/24', 'example.com:80', false],
    ['2.77', '192.0.2.77:80', false],
    ['2001:db8::/32', '2001:db8::5:80', true],
    ['2001:0db8:0::5', '2001:db8::5:80', true],
    ['[2001:db8::5]:80', '2001:db8::5:80', true],
    ['[2001:db8::5]:81', '2001:db8::5:80', false],
    [', ,', 'example.com:80', false],
  ];
  for (const [list, address, expected] of cases) {
    it(`${JSON.stringify(list)} ${expected ? 'keeps' : 'lets'} ${address}`, () => {
      const colon = address.lastIndexOf(':');
      expect(bypasses(list, address.slice(0, colon), address.slice(colon + 1))).to.equal(expected);
    });
  }
});

describe('the way out: proxies and certificates', () => {
  const host = () => '10.0.2.2';

  it('chooses by scheme, and speaks to the user’s computer directly', () => {
    const outside = outsideOf({
      proxy: { http: 'p:3128', https: 'https://p2', no: 'quiet.test' },
      hostAddress: host,
    });
    const proxyOf = (url: string) => outside.proxyFor(new URL(url));
    expect(proxyOf('http://a.test/')).to.deep.equal({
      secure: false,
      host: 'p',
      port: 3128,
      authorization: undefined,
    });
    expect(proxyOf('https://a.test/')).to.include({ secure: true, host: 'p2', port: 443 });
    for (const direct of ['http://quiet.test/', 'https://10.0.2.2:5000/', 'http://[::1]:1/']) {
      expect(proxyOf(direct), direct).to.equal(undefined);
    }
    expect(outsideOf({ proxy: { http: 'p' } }).proxyFor(new URL('https://a.test'))).to.equal(undefined);
  });

  it('finds a proxy on the user’s loopback, and shows no password', () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]']) {
      const outside = outsideOf({
        proxy: { https: `http://me:p%40ss@${name}:3128` },
        hostAddress: host,
      });
      expect(outside.proxyFor(new URL('https://a.test/'))).to.deep.equal({
        secure: false,
        host: '10.0.2.2',
        port: 3128,
        authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
      });
      expect(outside.shown()).to.deep.equal({
        http: '',
        https: 'http://xxxxx:xxxxx@10.0.2.2:3128',
        no: '',
      });
    }
  });

  it('takes a password with a percent sign that escapes nothing as it is', () => {
    const said = (password: string): string => {
      const outside = outsideOf({ proxy: { https: `http://me:${password}@p:1` } });
      const { authorization = '' } = outside.proxyFor(new URL('https://a.test/')) ?? {};
      return Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
    };
    expect(said('100%')).to.equal('me:100%');
    expect(said('%zz%40%c3%a4%')).to.equal('me:%zz@ä%');
    expect(said('%ff')).to.equal('me:%ff');
  });

  describe('in files', () => {
    let directory: string;
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'wherry-outside-'));
    });
    afterEach(() => rmSync(directory, { recursive: true }));
    const read = (proxy: string) => {
      writeFileSync(join(directory, 'proxy.json'), proxy);
      return readOutside(join(directory, 'engine.json'), 'default', () => undefined);
    };

    it('that are damaged aren’t quoted', () => {
      expect(() => read('"http://me:secret@p')).to.throw(/^\S*proxy\.json: not JSON$/);
      expect(() => read('secret')).to.throw(/^\S*proxy\.json: not JSON$/);
    });

    it('of a later Wherry are read as far as they are known', () => {
      expect(read('{"http":"http://p:1","later":[1]}').shown().http).to.equal('http://p:1');
    });
  });

  it('trusts some authorities everywhere and some for one registry', () => {
    const outside = outsideOf({ certificates: { all: ['A'], hosts: { 'r:5000': ['B'], w5000: ['C'] } } });
    expect(outside.authorities(undefined)).to.deep.equal(['A']);
    expect(outside.authorities('r:5000')).to.deep.equal(['A', 'B']);
    expect(outside.authorities('w:5000')).to.deep.equal(['A', 'C']);
    expect(outside.authorities('r')).to.deep.equal(['A']);
    expect(outside.authorities('toString')).to.deep.equal(['A']);
  });
});
