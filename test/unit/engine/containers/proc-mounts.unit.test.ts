import { expect } from 'chai';
import { foreignMountOnProc } from '../../../../src/engine/containers/security/proc-mounts.ts';

const line = (point: string, type: string): string =>
  `36 35 0:30 / ${point} rw,nosuid shared:1 master:2 - ${type} source rw,size=0k`;

describe('mounts upon /proc', () => {
  const usual = [
    line('/', 'overlay'),
    line('/proc', 'proc'),
    line('/proc/sys', 'proc'),
    line('/proc/keys', 'tmpfs'),
    line('/procedures', 'ext4'),
    '',
  ];

  it("are the kernel's and the masks, and nobody else's", () => {
    expect(foreignMountOnProc(usual.join('\n'), ['/proc/keys'])).to.equal(undefined);
    expect(foreignMountOnProc(usual.join('\n'), ['/sys/../proc/keys'])).to.equal(undefined);
    expect(foreignMountOnProc(usual.join('\n'), [])).to.equal('/proc/keys');
    expect(foreignMountOnProc([...usual, line('/proc', 'ext4')].join('\n'), ['/proc/keys'])).to.equal(
      '/proc',
    );
    expect(foreignMountOnProc([...usual, line('/proc/a\\040b', 'ext4')].join('\n'), ['/proc/keys'])).to.equal(
      '/proc/a b',
    );
  });
});
