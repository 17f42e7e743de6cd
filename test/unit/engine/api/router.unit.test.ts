import { expect } from 'chai';
import { Router, mayHijack } from '../../../../src/engine/api/router.ts';
import type { Route } from '../../../../src/engine/api/route.ts';

const route = (line: string): Route => {
  const [method, path] = line.split(' ') as [Route['method'], string];
  return { method, path, handle: () => undefined };
};

describe('Router', () => {
  const router = new Router(
    [
      'GET /images/{name...}/json',
      'GET /images/json',
      'DELETE /images/{name...}',
      'GET /containers/{id}/json',
    ].map(route),
  );

  it('matches with and without a version', () => {
    expect(router.match('GET', '/v1.24/images/json').version).to.equal('1.24');
    expect(router.match('GET', '/images/json?all=1').query.get('all')).to.equal('1');
    expect(router.match('GET', '/images/json').version).to.equal('1.51');
  });

  it('takes slashes and percent-encoding in the rest of a path', () => {
    const { params } = router.match('GET', '/v1.51/images/docker.io/library/a%3Ab/json');
    expect(params).to.deep.equal({ name: 'docker.io/library/a:b' });
    expect(router.match('DELETE', '/images/q.io/x/y').params).to.deep.equal({ name: 'q.io/x/y' });
    expect(router.match('GET', '/containers/abc/json').route.path).to.equal('/containers/{id}/json');
  });

  const refusals: [string, string, string, string][] = [
    [
      'GET',
      '/v1.60/images/json',
      'invalidParameter',
      'client version 1.60 is too new. Maximum supported API version is 1.51',
    ],
    [
      'GET',
      '/v1.12/images/json',
      'invalidParameter',
      'client version 1.12 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    ],
    ['GET', '/nonsense', 'notFound', 'page not found'],
    ['PATCH', '/images/json', 'notFound', 'page not found'],
    ['POST', '/build', 'notImplemented', 'POST /build is not implemented by Wherry yet'],
    ['POST', '/v1.51/swarm/init', 'notImplemented', 'POST /swarm/init is not implemented by Wherry yet'],
    ['DELETE', '/volumes/v1', 'notImplemented', 'DELETE /volumes/v1 is not implemented by Wherry yet'],
    ['GET', '/containers/%zz/json', 'invalidParameter', 'invalid percent-encoding in the path: %zz'],
  ];
  for (const [method, url, kind, message] of refusals) {
    it(`refuses ${method} ${url}`, () => {
      expect(() => router.match(method, url))
        .to.throw(message)
        .with.property('kind', kind);
    });
  }
});

describe('mayHijack', () => {
  it('knows the routes that take the connection over', () => {
    expect(mayHijack('POST', '/v1.50/containers/abc/attach?stream=1')).to.equal(true);
    expect(mayHijack('POST', '/exec/abc/start')).to.equal(true);
    expect(mayHijack('POST', '/containers/abc/start')).to.equal(false);
    expect(mayHijack('GET', '/containers/abc/attach')).to.equal(false);
  });
});
