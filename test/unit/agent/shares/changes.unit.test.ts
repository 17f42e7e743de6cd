import { expect } from 'chai';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followChanges } from '../../../../src/agent/shares/changes/follow-changes.ts';
import { Handles } from '../../../../src/agent/shares/sftp/handles.ts';
import type { GuestView } from '../../../../src/agent/shares/sftp/guest-view.ts';
import { silentLog } from '../../../../src/platform/log.ts';
import type { HostChange } from '../../../../src/protocol/agent/shares.ts';
import { eventually } from '../../../helpers/eventually.ts';

describe("the computer's changes of shared directories", () => {
  let root: string;
  let view: GuestView;
  let told: HostChange[];
  /** What the view said of the path while the guest repeated its change. */
  let meanwhile: { hidden: boolean; ghost: boolean }[];
  let end: AbortController;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'wherry-changes-')));
    told = [];
    meanwhile = [];
    end = new AbortController();
    view = followChanges({
      root,
      mountPoint: '/m',
      handles: new Handles(),
      async repeat(change) {
        told.push(change);
        const path = change.path.slice(2);
        meanwhile.push({ hidden: view.isHidden(path), ghost: view.ghost(path) !== undefined });
      },
      log: silentLog,
      signal: end.signal,
    });
    writeFileSync(join(root, 'old'), 'old');
    view.saw('/', lstatSync(root));
    view.saw('/old', lstatSync(join(root, 'old')));
  });
  afterEach(() => {
    end.abort();
    rmSync(root, { recursive: true });
  });

  const expectTold = async (...changes: readonly HostChange[]): Promise<void> => {
    await eventually(
      async () => told,
      (found) => found.length >= changes.length,
      'changes',
    );
    expect(told).to.deep.equal(changes);
  };

  it('are told as what they are: made', async () => {
    writeFileSync(join(root, 'new'), '');
    await expectTold({ kind: 'made', path: '/m/new', type: 'file' });
    expect(meanwhile).to.deep.equal([{ hidden: true, ghost: false }]);
    expect(view.isHidden('/new')).to.equal(false);
    mkdirSync(join(root, 'dir'));
    await eventually(
      async () => told.at(-1),
      (last) => last?.path === '/m/dir',
      'the directory',
    );
    expect(told.at(-1)).to.deep.equal({ kind: 'made', path: '/m/dir', type: 'directory' });
    // It is watched from now on.
    writeFileSync(join(root, 'dir', 'inner'), '');
    await eventually(
      async () => told.at(-1),
      (last) => last?.path === '/m/dir/inner',
      'what is in it',
    );
  });

  it('written, or touched', async () => {
    appendFileSync(join(root, 'old'), 'x');
    await expectTold({ kind: 'written', path: '/m/old' });
    chmodSync(join(root, 'old'), 0o600);
    await expectTold({ kind: 'written', path: '/m/old' }, { kind: 'touched', path: '/m/old' });
  });

  it('removed', async () => {
    rmSync(join(root, 'old'));
    await expectTold({ kind: 'removed', path: '/m/old', type: 'file' });
    expect(meanwhile).to.deep.equal([{ hidden: false, ghost: true }]);
    expect(view.ghost('/old')).to.equal(undefined);
  });

  it('moved', async () => {
    renameSync(join(root, 'old'), join(root, 'new'));
    await expectTold({ kind: 'moved', path: '/m/old', to: '/m/new' });
    expect(meanwhile).to.deep.equal([{ hidden: false, ghost: true }]);
  });

  it("aren't told where they are the guest's own", async () => {
    view.changed('/own', '/old');
    writeFileSync(join(root, 'own'), 'x');
    appendFileSync(join(root, 'old'), 'x');
    writeFileSync(join(root, 'new'), '');
    await expectTold({ kind: 'made', path: '/m/new', type: 'file' });
  });
});
