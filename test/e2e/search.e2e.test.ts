import { expect } from 'chai';
import { outputOf } from '../helpers/both-clients.ts';
import { world } from '../helpers/e2e-hooks.ts';

/** What a search finds is tested beside docker's client without a VM: no registry of Debian's has one. */
describe('wherry search', () => {
  it('asks the registry that the term names, and says what it says, as docker does', async () => {
    const host = world().registryHost;
    const saying: readonly (readonly [args: readonly string[], message: string])[] = [
      [[], `Unexpected status code 404: ${host} has no search`],
      [['--limit', '101'], 'limit 101 is outside the range of [1, 100]'],
      [['--filter', 'colour=red'], "invalid filter 'colour'"],
    ];
    for (const [args, message] of saying) {
      const [ours, docker] = await outputOf(['search', ...args, `${host}/redis`]);
      expect(docker.stderr, args.join(' ')).to.equal(`Error response from daemon: ${message}\n`);
      expect(ours.stderr, args.join(' ')).to.equal(docker.stderr);
      expect([ours.status, ours.stdout]).to.deep.equal([docker.status, docker.stdout]);
    }
  });
});
