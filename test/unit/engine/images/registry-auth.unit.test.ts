import { expect } from 'chai';
import { parseChallenges } from '../../../../src/engine/images/registry/challenge.ts';
import { decodeRegistryAuth } from '../../../../src/engine/images/registry/credentials.ts';
import { endpointsOf, isInsecure } from '../../../../src/engine/images/registry/endpoints.ts';
import { RegistryAnswer, registryAnswer } from '../../../../src/engine/images/registry/errors.ts';
import { RETRY, waitBefore } from '../../../../src/engine/images/registry/retry.ts';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('WWW-Authenticate', () => {
  it("reads Docker Hub's challenge, commas in quotes included", () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/x:pull,push"';
    expect(parseChallenges(header)).to.deep.equal([
      {
        scheme: 'bearer',
        parameters: {
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:library/x:pull,push',
        },
      },
    ]);
  });
  it('reads several challenges, bare values and escapes', () => {
    expect(
      parseChallenges(String.raw`Negotiate, Basic realm="a \"b\"", bearer REALM=x , service = y`),
    ).to.deep.equal([
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'a "b"' } },
      { scheme: 'bearer', parameters: { realm: 'x', service: 'y' } },
    ]);
  });
  it('ends at what it cannot read', () => {
    expect(parseChallenges('')).to.deep.equal([]);
    expect(parseChallenges('Bearer realm="unclosed')).to.deep.equal([{ scheme: 'bearer', parameters: {} }]);
  });
});

describe('X-Registry-Auth', () => {
  it('has nothing in it for {} and for no header', () => {
    expect(decodeRegistryAuth('e30=').basic).to.equal(undefined);
    expect(decodeRegistryAuth(undefined)).to.deep.equal({});
  });
  it('makes Basic of a name and a password', () => {
    const { basic } = decodeRegistryAuth(encode({ username: 'me', password: 'p:ä' }));
    expect(Buffer.from(basic ?? '', 'base64').toString('utf8')).to.equal('me:p:ä');
  });
  it('takes tokens', () => {
    expect(decodeRegistryAuth(encode({ identitytoken: 'i' })).identityToken).to.equal('i');
    expect(decodeRegistryAuth(encode({ registrytoken: 'r' })).registryToken).to.equal('r');
  });
  it('refuses anything else without repeating it', () => {
    for (const header of ['secret!', encode({ username: 4, password: 'secret' })]) {
      expect(() => decodeRegistryAuth(header))
        .to.throw('invalid X-Registry-Auth')
        .not.match(/secret/);
    }
  });
});

describe('registry endpoints', () => {
  const settings = {
    registryMirrors: ['http://m:5000', 'https://n'],
    insecureRegistries: ['10.0.2.2:5001', 'box', '192.0.2.0/24', 'fd00::/8'],
  };

  it('puts the mirrors before Docker Hub, and before nothing else', () => {
    expect(endpointsOf('docker.io', settings).map(({ scheme, host }) => `${scheme}://${host}`)).to.deep.equal(
      ['http://m:5000', 'https://n', 'https://registry-1.docker.io'],
    );
    expect(endpointsOf('ghcr.io', settings).map(({ host }) => host)).to.deep.equal(['ghcr.io']);
  });
  it('allows HTTP for the machine itself and what is configured', () => {
    for (const host of [
      'localhost',
      'localhost:1',
      '127.0.0.1:5',
      '127.9.9.9',
      '[::1]:5',
      '10.0.2.2:5001',
      'box:9',
      '192.0.2.77:5000',
      '[fd00::5]',
      '[fd00::5]:5000',
    ]) {
      expect(isInsecure(host, settings), host).to.equal(true);
    }
    for (const host of [
      '10.0.2.2',
      '10.0.2.2:5002',
      '128.0.0.1',
      '192.0.3.77:5000',
      '[fe80::5]:5000',
      '192.0.2.0.example.org',
      '127.0.0.1.example.org',
      'localhost.example.org',
    ]) {
      expect(isInsecure(host, settings), host).to.equal(false);
    }
  });
  it('refuses a mirror that is no origin', () => {
    for (const mirror of ['m:5000', 'ftp://m', 'http://m/path', 'https://user:pw@m']) {
      const bad = { registryMirrors: [mirror], insecureRegistries: [] };
      expect(() => endpointsOf('docker.io', bad), mirror).to.throw('invalid registry mirror');
    }
  });
});

describe('registry answers', () => {
  it('are told as code: message', () => {
    const body = '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}';
    expect(registryAnswer(404, body).message).to.equal('manifest unknown: manifest unknown');
    expect(registryAnswer(503, '<html>').message).to.equal('received unexpected HTTP status: 503');
  });
  it('are asked again when the status passes, by Retry-After if there is one', () => {
    expect(waitBefore(registryAnswer(429, '', { 'retry-after': '2' }), 1, RETRY)).to.be.within(2000, 2500);
    expect(waitBefore(registryAnswer(503, ''), 2, RETRY)).to.be.within(500, 1000);
    expect(waitBefore(registryAnswer(429, '', { 'retry-after': '3600' }), 1, RETRY)).to.equal(undefined);
    expect(waitBefore(registryAnswer(404, ''), 1, RETRY)).to.equal(undefined);
    expect(waitBefore(new RegistryAnswer(500, undefined, ''), RETRY.attempts, RETRY)).to.equal(undefined);
  });
});
