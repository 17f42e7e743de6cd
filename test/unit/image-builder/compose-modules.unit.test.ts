import { expect } from 'chai';
import {
  builtInModules,
  loadOrder,
  modprobeIndexes,
  readKernelModules,
} from '../../../src/image-builder/kernel-modules.ts';
import type { KernelModules } from '../../../src/image-builder/kernel-modules.ts';
import { readModuleInfo } from '../../../src/image-builder/module-info.ts';
import { moduleElf } from './compose-fixtures.ts';

const NONE: ReadonlySet<string> = new Set();

async function modulesOf(fields: Readonly<Record<string, readonly string[]>>): Promise<KernelModules> {
  const files = Object.entries(fields).map(([name, info]): [string, Buffer] => [
    `kernel/${name}.ko`,
    moduleElf(info),
  ]);
  return readKernelModules(new Map(files), () => true);
}

describe('kernel modules', () => {
  it('say what they need, want and answer to', () => {
    const info = readModuleInfo(
      moduleElf([
        'license=GPL',
        'depends=a,b-c',
        'softdep=pre: d e post: f',
        'alias=fs-erofs',
        'alias=pci:v*',
      ]),
      'x.ko',
    );
    expect(info).to.deep.equal({
      depends: ['a', 'b-c'],
      softPre: ['d', 'e'],
      softPost: ['f'],
      aliases: ['fs-erofs', 'pci:v*'],
    });
  });

  it('are refused by name when they are no ELF files', () => {
    expect(() => readModuleInfo(Buffer.from('#!/bin/sh'), 'kernel/x.ko')).to.throw('kernel/x.ko');
  });

  it('are loaded after what they depend on, each once, whichever way dashes are written', async () => {
    const modules = await modulesOf({
      net: ['depends=fail-over'],
      'fail-over': ['depends='],
      blk: ['softdep=pre: net crc'],
    });
    expect(loadOrder(modules, ['blk', 'net'], NONE).map(({ name }) => name)).to.deep.equal([
      'fail_over',
      'net',
      'blk',
    ]);
  });

  it('may be built into the kernel, but not be missing', async () => {
    const modules = await modulesOf({ a: [] });
    const builtIn = builtInModules(
      new Map([['modules.builtin', Buffer.from('kernel/drivers/acpi/button.ko\n')]]),
    );
    expect(loadOrder(modules, ['button', 'a'], builtIn).map(({ name }) => name)).to.deep.equal(['a']);
    expect(() => loadOrder(modules, ['nosuch'], builtIn)).to.throw('the kernel module nosuch');
  });

  it('come with what wanted ones depend on, and without the rest', async () => {
    const files = new Map([
      ['kernel/a.ko', moduleElf(['depends=b'])],
      ['kernel/b.ko', moduleElf(['depends='])],
      ['kernel/c.ko', moduleElf(['depends='])],
    ]);
    const modules = await readKernelModules(files, (_path, name) => name === 'a');
    expect([...modules.keys()]).to.deep.equal(['a', 'b']);
  });

  // The order inside a modules.dep line is depmod's: insmod goes from the last to the first.
  it('are indexed for modprobe as depmod does', async () => {
    const modules = await modulesOf({
      masq: ['depends=nat,tables', 'alias=nft-expr-masq'],
      nat: ['depends=track'],
      tables: [],
      track: ['softdep=pre: crc32c'],
    });
    const indexes = modprobeIndexes(modules, ({ path }) => path);
    expect(indexes.get('modules.dep')).to.equal(
      'kernel/masq.ko: kernel/tables.ko kernel/nat.ko kernel/track.ko\n' +
        'kernel/nat.ko: kernel/track.ko\nkernel/tables.ko:\nkernel/track.ko:\n',
    );
    expect(indexes.get('modules.alias')).to.equal('alias nft-expr-masq masq\n');
    expect(indexes.get('modules.softdep')).to.equal('softdep track pre: crc32c\n');
  });
});
