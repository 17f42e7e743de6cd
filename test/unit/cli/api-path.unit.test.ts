import { expect } from 'chai';
import { apiPath } from '../../../src/cli/engine-client/api-path.ts';

describe('API paths', () => {
  it('encode what would mean something in a URL, and keep the slashes of image names', () => {
    expect(apiPath`/containers/${'a b?force=1'}/json`).to.equal('/containers/a%20b%3Fforce%3D1/json');
    expect(apiPath`/images/${'localhost:5000/team/app:1.0'}/json`).to.equal(
      '/images/localhost%3A5000/team/app%3A1.0/json',
    );
  });
});
