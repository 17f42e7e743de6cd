import { expect } from 'chai';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findShared, rootsOf } from '../../../../src/agent/shares/roots.ts';

describe('the directories that a machine may have', () => {
  let scratch: string;
  const find = (source: string, create = false) =>
    findShared(source, create, {
      mounts: ['~', `${scratch}/ro:ro`, `${scratch}/ro/inner`, `${scratch}/missing`],
      home: `${scratch}/home`,
      machine: 'default',
      windows: false,
    });
  const refusal = (source: string, create = false): Promise<string> =>
    find(source, create).then(
      () => 'none',
      (error: Error) => error.message,
    );

  before(() => {
    scratch = realpathSync(mkdtempSync(join(tmpdir(), 'wherry-roots-')));
    for (const name of ['home/project', 'ro/inner', 'other'])
      mkdirSync(join(scratch, name), { recursive: true });
    writeFileSync(join(scratch, 'home', 'file'), '');
    symlinkSync(join(scratch, 'home', 'project'), join(scratch, 'way-in'));
    symlinkSync(join(scratch, 'other'), join(scratch, 'home', 'way-out'));
  });
  after(() => rmSync(scratch, { recursive: true }));

  it('are found for what is below them, the innermost first', async () => {
    const home = await find(`${scratch}/home/project/`);
    expect(home).to.deep.include({ path: '/project' });
    expect(home.root).to.deep.include({ path: `${scratch}/home`, writable: true });
    expect((await find(`${scratch}/home`)).path).to.equal('/');
    expect((await find(`${scratch}/home/file`)).path).to.equal('/file');
    expect((await find(`${scratch}/ro`)).root.writable).to.equal(false);
    expect((await find(`${scratch}/ro/inner`)).root).to.deep.include({ writable: true });
    expect((await find(`${scratch}/way-in`)).path).to.equal('/project');
  });

  it('have keys of their own, which change with what is allowed', async () => {
    const roots = await rootsOf({ mounts: ['/', '/:ro', '/:rw', '/none'], home: '/' });
    expect(new Set(roots.map(({ key }) => key)).size).to.equal(2);
    expect(roots).to.have.length(3);
  });

  it('are named where something is outside of them, symlinks followed', async () => {
    const message = await refusal(`${scratch}/other`);
    expect(message).to.include(`"${scratch}/other" is outside of what this machine shares`);
    expect(message).to.include(`${scratch}/home, ${scratch}/ro`);
    expect(message).to.include(`wherry machine set --mount-add ${scratch}/other --restart default`);
    expect(await refusal(`${scratch}/home/way-out`)).to.include(`(${scratch}/other) is outside`);
    expect(await refusal(`${scratch}/home/way-out/new`, true)).to.include('is outside');
    expect(await refusal(`${scratch}/homestead`)).to.include('is outside');
    expect(await refusal('./here')).to.include('no absolute path');
  });

  it('get what is missing only where that was asked for, and may be', async () => {
    expect(await refusal(`${scratch}/home/new`)).to.equal(
      `invalid mount config for type "bind": bind source path does not exist: ${scratch}/home/new`,
    );
    expect((await find(`${scratch}/home/new/deep`, true)).path).to.equal('/new/deep');
    expect(existsSync(`${scratch}/home/new/deep`)).to.equal(true);
    expect(await refusal(`${scratch}/ro/new`, true)).to.include('for reading only');
    expect(existsSync(`${scratch}/ro/new`)).to.equal(false);
  });
});
