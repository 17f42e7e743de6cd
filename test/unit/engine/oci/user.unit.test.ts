import { expect } from 'chai';
import { resolveUser } from '../../../../src/engine/oci/user.ts';

const files = {
  passwd: [
    'root:x:0:0:root:/root:/bin/sh',
    '# a comment',
    'worker:x:1000:1001:,,,:/home/worker:/bin/sh',
    '1000:x:7:7::/:/bin/sh',
    'huge:x:4294967296:0::/:/bin/sh',
    'broken',
  ].join('\n'),
  group: 'root:x:0:\nadm:x:4:worker,other\nworker:x:1001:\nwheel:x:10:root\n',
};

describe('resolveUser', () => {
  it('is root with its groups where the image says nothing', () => {
    expect(resolveUser('', files)).to.deep.equal({ uid: 0, gid: 0, additionalGids: [0, 10], home: '/root' });
    expect(resolveUser('', { passwd: '', group: '' })).to.deep.equal({
      uid: 0,
      gid: 0,
      additionalGids: [0],
      home: '/',
    });
  });

  it('finds a name, its group, its other groups and its home', () => {
    expect(resolveUser('worker', files)).to.deep.equal({
      uid: 1000,
      gid: 1001,
      additionalGids: [1001, 4],
      home: '/home/worker',
    });
  });

  it('takes a name of digits for a name', () => {
    expect(resolveUser('1000', files).uid).to.equal(7);
  });

  it('takes any number without an entry, with group 0', () => {
    expect(resolveUser('4242', files)).to.deep.equal({ uid: 4242, gid: 0, additionalGids: [0], home: '/' });
  });

  it('has only the named group, and added ones, where a group is given', () => {
    expect(resolveUser('worker:adm', files)).to.include({ uid: 1000, gid: 4 });
    expect(resolveUser('worker:adm', files).additionalGids).to.deep.equal([4]);
    expect(resolveUser('worker:55', files, ['wheel', '66']).additionalGids).to.deep.equal([55, 10, 66]);
  });

  it('says who or what is unknown', () => {
    expect(() => resolveUser('nobody', files)).to.throw(
      'unable to find user nobody: no matching entries in passwd file',
    );
    expect(() => resolveUser('0:nope', files)).to.throw(
      'unable to find group nope: no matching entries in group file',
    );
  });

  it('refuses ids that would wrap around (CVE-2024-40635)', () => {
    for (const id of ['2147483648', '4294967296', '-1', '0:2147483648', '0:-5']) {
      expect(() => resolveUser(id, files), id).to.throw('uids and gids must be in range 0-2147483647');
    }
    expect(resolveUser('2147483647:2147483647', files)).to.include({ uid: 2147483647, gid: 2147483647 });
    expect(() => resolveUser('huge', files)).to.throw('unable to find user huge');
  });
});
