import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { compareVersions } from '../../../../src/image-builder/debian/version.ts';
import { ASCENDING, EQUAL } from '../../../unit/image-builder/debian/version-cases.ts';

const run = promisify(execFile);

/** One shell for all pairs: `dpkg` sixty times costs as many process starts. */
const SCRIPT =
  'while read -r a op b; do dpkg --compare-versions "$a" "$op" "$b" 2>/dev/null && echo 1 || echo 0; done';

describe('debian versions beside dpkg', () => {
  it('agree on every pair of the golden lists', async () => {
    const pairs = [
      ...ASCENDING.flatMap((list) => list.slice(1).map((b, i) => [list[i] ?? '', b] as const)),
      ...EQUAL,
    ];
    const lines = pairs.map(([a, b]) => {
      const order = compareVersions(a, b);
      return `${a} ${order < 0 ? 'lt' : order > 0 ? 'gt' : 'eq'} ${b}`;
    });
    const child = run('sh', ['-c', SCRIPT]);
    child.child.stdin?.end(`${lines.join('\n')}\n`);
    const answers = (await child).stdout.trim().split('\n');
    expect(lines.filter((_, index) => answers[index] !== '1')).to.deep.equal([]);
    expect(answers.length).to.equal(lines.length);
  });
});
