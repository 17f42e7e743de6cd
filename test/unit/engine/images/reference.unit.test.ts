import { expect } from 'chai';
import { EngineError } from '../../../../src/engine/errors.ts';
import {
  canonicalReference,
  familiarReference,
  parseReference,
  withDefaultTag,
} from '../../../../src/engine/images/reference.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

describe('image references', () => {
  const golden: [text: string, canonical: string, familiar: string][] = [
    ['busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['busybox:1.36', 'docker.io/library/busybox:1.36', 'busybox:1.36'],
    ['me/app', 'docker.io/me/app:latest', 'me/app:latest'],
    ['docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest', 'busybox:latest'],
    ['docker.io/library/me/app', 'docker.io/library/me/app:latest', 'library/me/app:latest'],
    ['ghcr.io/me/app:v1', 'ghcr.io/me/app:v1', 'ghcr.io/me/app:v1'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
    ['127.0.0.1:5000/a/b_c--d.e:T', '127.0.0.1:5000/a/b_c--d.e:T', '127.0.0.1:5000/a/b_c--d.e:T'],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
    ['UPPER/app', 'UPPER/app:latest', 'UPPER/app:latest'],
    [`busybox@${DIGEST}`, `docker.io/library/busybox@${DIGEST}`, `busybox@${DIGEST}`],
    [`busybox:1@${DIGEST}`, `docker.io/library/busybox:1@${DIGEST}`, `busybox:1@${DIGEST}`],
  ];
  for (const [text, canonical, familiar] of golden) {
    it(`${text.slice(0, 40)} is ${canonical.slice(0, 48)}`, () => {
      const reference = withDefaultTag(parseReference(text));
      expect(canonicalReference(reference)).to.equal(canonical);
      expect(familiarReference(reference)).to.equal(familiar);
    });
  }

  const refused: [text: string, message: string][] = [
    ['', 'invalid reference format'],
    ['a:', 'invalid reference format'],
    ['a b', 'invalid reference format'],
    ['-a', 'invalid reference format'],
    ['a//b', 'invalid reference format'],
    ['a..b', 'invalid reference format'],
    ['a:.b', 'invalid reference format'],
    [`a:${'t'.repeat(129)}`, 'invalid reference format'],
    ['a@sha256:abc', 'invalid reference format'],
    ['a@md5:00000000000000000000000000000000', 'invalid reference format'],
    ['Foo', 'invalid reference format: repository name (library/Foo) must be lowercase'],
    ['ghcr.io/Foo', 'invalid reference format: repository name (Foo) must be lowercase'],
    [`ghcr.io/${'a'.repeat(248)}`, 'repository name must not be more than 255 characters'],
    [
      'ab'.repeat(32),
      `invalid repository name (${'ab'.repeat(32)}), cannot specify 64-byte hexadecimal strings`,
    ],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      expect(() => parseReference(text)).to.throw(EngineError, message);
    });
  }

  it('takes a name of exactly 255 characters', () => {
    const name = `ghcr.io/${'a'.repeat(247)}`;
    expect(familiarReference(parseReference(name))).to.equal(name);
  });
});
