import { expect } from 'chai';
import { overlayAt } from '../../../../../src/engine/containers/explain/snapshot.ts';

// Lines as Linux 6.12 prints them for overlay mounts made by fsconfig, and by mount(8).
const MOUNTINFO = `31 1 0:27 / / ro shared:1 - erofs /dev/vda ro
90 31 0:50 / /run/a/merged rw,relatime shared:9 - overlay overlay rw,lowerdir+=/run/l/2,lowerdir+=/run/l/1,upperdir=/d/u,workdir=/d/w
91 31 0:51 / /run/b rw - overlay none rw,lowerdir=/x:/y,upperdir=/u,workdir=/w
`;

describe('the snapshot that a container runs on', () => {
  it('is read from mountinfo, the topmost layer first', () => {
    expect(overlayAt('/run/a/merged', MOUNTINFO)).to.deep.equal({
      Filesystem: 'overlay',
      Lower: ['/run/l/2', '/run/l/1'],
    });
    expect(overlayAt('/run/b', MOUNTINFO).Lower).to.deep.equal(['/x', '/y']);
    expect(() => overlayAt('/run/c', MOUNTINFO)).to.throw('nothing is mounted at /run/c');
  });
});
