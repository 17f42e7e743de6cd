import { expect } from 'chai';
import { proxyVariables } from '../../../src/cli/run/proxy-variables.ts';

describe('the proxies that containers get of docker’s configuration', () => {
  const url = 'unix:///m/docker.sock';

  it('are none where there are none', () => {
    for (const none of [undefined, null, {}, { default: {} }, { default: { httpProxy: '' } }]) {
      expect(proxyVariables(none, url, [])).to.deep.equal([]);
    }
    expect(() => proxyVariables({ default: 'p' }, url, [])).to.throw('proxies has the wrong form');
  });

  it('come in both cases, for this engine or by default, and never in place of what was given', () => {
    const proxies = {
      default: { httpProxy: 'http://p:1', noProxy: 'a,b', unknown: 1 },
      [url]: { httpsProxy: 'http://q', ftpProxy: 'f', allProxy: 'socks5://s' },
    };
    expect(proxyVariables(proxies, 'tcp://other', ['http_proxy=mine', 'NO_PROXY'])).to.deep.equal([
      'HTTP_PROXY=http://p:1',
      'no_proxy=a,b',
    ]);
    expect(proxyVariables(proxies, url, [])).to.deep.equal([
      'HTTPS_PROXY=http://q',
      'https_proxy=http://q',
      'FTP_PROXY=f',
      'ftp_proxy=f',
      'ALL_PROXY=socks5://s',
      'all_proxy=socks5://s',
    ]);
  });
});
