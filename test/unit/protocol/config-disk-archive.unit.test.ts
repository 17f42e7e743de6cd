import { expect } from 'chai';
import { configDisk } from '../../../src/protocol/boot/config-disk-archive.ts';

describe('configDisk', () => {
  it('starts with the magic, keeps files owner-only and fills whole MiB', () => {
    const disk = configDisk([
      { name: 'hostname', content: 'default\n' },
      { name: 'k', content: '', mode: 0o400 },
    ]);
    expect(disk.length).to.equal(1024 * 1024);
    expect(disk.toString('latin1', 0, 14)).to.equal('wherry-config\0');
    expect(disk.toString('latin1', 512, 521)).to.equal('hostname\0');
    expect(disk.toString('latin1', 612, 620)).to.equal('0000600\0');
    expect(disk.toString('latin1', 1024, 1033)).to.equal('default\n\0');
    expect(disk.toString('latin1', 1636, 1644)).to.equal('0000400\0');
    expect(configDisk([{ name: 'big', content: Buffer.alloc(1024 * 1024) }]).length).to.equal(
      2 * 1024 * 1024,
    );
  });
});
