import { expect } from 'chai';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Handles } from '../../../../src/agent/shares/sftp/handles.ts';
import { FXP, STATUS, string, uint32, uint64 } from '../../../../src/agent/shares/sftp/wire.ts';
import { REPEATED } from '../../../../src/protocol/agent/repeated.ts';
import { FLAGS, NO_ATTRIBUTES, NO_VIEW, SftpClient } from './sftp-client.ts';

describe('the SFTP server of shared directories', () => {
  let outside: string;
  let root: string;
  let client: SftpClient;

  beforeEach(() => {
    outside = realpathSync(mkdtempSync(join(tmpdir(), 'wherry-sftp-')));
    root = join(outside, 'root');
    mkdirSync(root);
    writeFileSync(join(outside, 'secret'), 'secret');
    client = new SftpClient({ path: root });
  });
  afterEach(async () => {
    await client.end();
    rmSync(outside, { recursive: true });
  });

  it('writes, reads, lists, renames and removes', async () => {
    await client.write('/a', 'one');
    expect(await client.read('/a')).to.equal('one');
    expect(await client.status(FXP.MKDIR, string('/d'), NO_ATTRIBUTES)).to.equal(STATUS.OK);
    expect(
      await client.status(FXP.EXTENDED, string('posix-rename@openssh.com'), string('/a'), string('/d/b')),
    ).to.equal(STATUS.OK);
    expect(await client.status(FXP.SYMLINK, string('b'), string('/d/l'))).to.equal(STATUS.OK);
    expect(readlinkSync(join(root, 'd', 'l'))).to.equal('b');
    expect(await client.names('/')).to.deep.equal(['d']);
    expect(await client.names('/d')).to.deep.equal(['b', 'l']);
    expect(await client.status(FXP.RMDIR, string('/d'))).to.equal(STATUS.FAILURE);
    for (const name of ['/d/b', '/d/l']) expect(await client.status(FXP.REMOVE, string(name))).to.equal(0);
    expect(await client.status(FXP.RMDIR, string('/d'))).to.equal(STATUS.OK);
    expect(await client.status(FXP.LSTAT, string('/d'))).to.equal(STATUS.NO_SUCH_FILE);
  });

  it('answers what is asked right behind a file’s making, as sshfs does', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `/f${index}`);
    const codes = await Promise.all(
      names.flatMap((name) => [
        client
          .open(name, FLAGS.write | FLAGS.create)
          .then((handle) => (typeof handle === 'number' ? handle : 0)),
        client.status(FXP.LSTAT, string(name)),
      ]),
    );
    expect(new Set(codes)).to.deep.equal(new Set([0]));
  });

  it('sets modes and times, and never setuid: such a file would run as the user', async () => {
    await client.write('/a', 'one');
    const mode = Buffer.concat([uint32(4), uint32(0o104_751)]);
    expect(await client.status(FXP.SETSTAT, string('/a'), mode)).to.equal(STATUS.OK);
    const times = Buffer.concat([uint32(8), uint32(100), uint32(200)]);
    expect(await client.status(FXP.SETSTAT, string('/a'), times)).to.equal(STATUS.OK);
    const stats = lstatSync(join(root, 'a'));
    expect([stats.mode & 0o7777, stats.atimeMs, stats.mtimeMs]).to.deep.equal([0o751, 100_000, 200_000]);
    await client.open('/suid', FLAGS.write | FLAGS.create, 0o6755);
    expect(lstatSync(join(root, 'suid')).mode & 0o6000).to.equal(0);
    const size = Buffer.concat([uint32(1), uint64(1)]);
    expect(await client.status(FXP.SETSTAT, string('/a'), size)).to.equal(STATUS.OK);
    expect(readFileSync(join(root, 'a'), 'utf8')).to.equal('o');
  });

  it('leads nowhere out of its root: neither by names nor by symlinks', async () => {
    symlinkSync(outside, join(root, 'up'));
    symlinkSync(join(outside, 'secret'), join(root, 'link'));
    const denied = STATUS.PERMISSION_DENIED;
    for (const path of ['/../secret', '/up/secret', '/a/../../secret', '/up/root/../secret']) {
      expect(await client.open(path, FLAGS.read), path).to.equal(denied);
      expect(await client.status(FXP.LSTAT, string(path)), path).to.equal(denied);
      expect(await client.status(FXP.REMOVE, string(path)), path).to.equal(denied);
      expect(await client.open(`${path}-new`, FLAGS.write | FLAGS.create), path).to.equal(denied);
    }
    expect(await client.open('/link', FLAGS.read)).to.equal(denied);
    expect(await client.open('/link', FLAGS.write | FLAGS.truncate)).to.equal(denied);
    const mode = Buffer.concat([uint32(4), uint32(0o777)]);
    expect(await client.status(FXP.SETSTAT, string('/link'), mode)).to.equal(STATUS.OP_UNSUPPORTED);
    const hard = [string('hardlink@openssh.com'), string('/link'), string('/hard')];
    expect(await client.status(FXP.EXTENDED, ...hard)).to.equal(STATUS.OP_UNSUPPORTED);
    expect(await client.status(FXP.OPENDIR, string('/up'))).to.equal(STATUS.OP_UNSUPPORTED);
    expect(readFileSync(join(outside, 'secret'), 'utf8')).to.equal('secret');
    expect(lstatSync(join(outside, 'secret')).mode & 0o777).not.to.equal(0o777);
  });

  it("keeps closed what isn't to be shared, and shows that it is there", async () => {
    await client.end();
    mkdirSync(join(root, 'own', 'keys'), { recursive: true });
    writeFileSync(join(root, 'own', 'key'), 'key');
    client = new SftpClient({ path: root, closed: join(root, 'own') });
    expect(await client.status(FXP.LSTAT, string('/own'))).to.equal(0);
    const denied = STATUS.PERMISSION_DENIED;
    expect(await client.read('/own/key')).to.equal(denied);
    expect(await client.status(FXP.LSTAT, string('/own/key'))).to.equal(denied);
    expect(await client.status(FXP.OPENDIR, string('/own'))).to.equal(denied);
    expect(await client.status(FXP.OPENDIR, string('/own/keys'))).to.equal(denied);
    const rename = [string('posix-rename@openssh.com'), string('/own'), string('/mine')];
    expect(await client.status(FXP.EXTENDED, ...rename)).to.equal(denied);
    expect(await client.status(FXP.SYMLINK, string('own'), string('/link'))).to.equal(0);
    expect(await client.read('/link/key')).to.equal(denied);
  });

  for (const how of ['as it is', 'through symlinks'] as const) {
    it(`leaves what leads to its own directory (named ${how}) where it is: its keys would be read there`, async () => {
      await client.end();
      mkdirSync(join(root, '.local', 'share', 'own'), { recursive: true });
      mkdirSync(join(root, 'other'));
      writeFileSync(join(root, '.local', 'share', 'own', 'key'), 'key');
      symlinkSync('.local', join(root, 'short'));
      symlinkSync('short', join(root, 'shorter'));
      const closed = join(root, how === 'as it is' ? '.local' : 'shorter', 'share', 'own');
      client = new SftpClient({ path: root, closed });
      const denied = STATUS.PERMISSION_DENIED;
      const kept = how === 'as it is' ? [] : ['/short', '/shorter'];
      for (const path of ['/.local', '/.local/share', '/.local/share/own', '/short/share', ...kept]) {
        expect(await client.status(FXP.RENAME, string(path), string('/moved')), path).to.equal(denied);
        expect(await client.status(FXP.RENAME, string('/other'), string(path)), path).to.equal(denied);
        expect(await client.status(FXP.RMDIR, string(path)), path).to.equal(denied);
        expect(await client.status(FXP.REMOVE, string(path)), path).to.equal(denied);
      }
      expect(await client.read('/moved/share/own/key')).to.equal(STATUS.NO_SUCH_FILE);
      expect(await client.status(FXP.RENAME, string('/other'), string('/.local/other'))).to.equal(STATUS.OK);
      if (how === 'as it is') expect(await client.status(FXP.REMOVE, string('/short'))).to.equal(STATUS.OK);
    });
  }

  (process.platform === 'linux' ? it : it.skip)(
    'closes what it has no room for: Node ends a process that forgets an open file',
    async () => {
      await client.end();
      mkdirSync(join(root, 'd'));
      writeFileSync(join(root, 'a'), '');
      client = new SftpClient({ path: root, handles: new Handles(0) });
      const forgotten = (): string[] =>
        readdirSync('/proc/self/fd').filter((fd) => {
          try {
            return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
          } catch {
            return false; // The listing's own.
          }
        });
      expect(await client.open('/a', FLAGS.read)).to.equal(STATUS.FAILURE);
      expect(await client.status(FXP.OPENDIR, string('/d'))).to.equal(STATUS.FAILURE);
      expect(forgotten()).to.deep.equal([]);
    },
  );

  it('finds no symlink in a path that is changed while it is used', async () => {
    mkdirSync(join(root, 'd'));
    writeFileSync(join(root, 'd', 'secret'), 'public');
    await client.status(FXP.SYMLINK, string(outside), string('/evil'));
    const rename = (from: string, to: string) =>
      client.status(FXP.EXTENDED, string('posix-rename@openssh.com'), string(from), string(to));
    const read: Promise<string | number>[] = [];
    for (let turn = 0; turn < 50; turn += 1) {
      read.push(client.read('/d/secret'));
      void rename('/d', '/d2');
      void rename('/evil', '/d');
      read.push(client.read('/d/secret'));
      void rename('/d', '/evil');
      void rename('/d2', '/d');
    }
    expect(await Promise.all(read)).not.to.include('secret');
  });

  it('changes nothing of what is shared for reading', async () => {
    await client.end();
    writeFileSync(join(root, 'a'), 'one');
    client = new SftpClient({ path: root, writable: false });
    expect(await client.read('/a')).to.equal('one');
    const handle = (await client.open('/a', FLAGS.write)) as Buffer;
    const denied = STATUS.PERMISSION_DENIED;
    expect(await client.status(FXP.WRITE, string(handle), uint64(0), string('x'))).to.equal(denied);
    expect(await client.open('/a', FLAGS.write | FLAGS.truncate)).to.equal(denied);
    expect(await client.open('/b', FLAGS.write | FLAGS.create)).to.equal(denied);
    const size = Buffer.concat([uint32(1), uint64(0)]);
    expect(await client.status(FXP.FSETSTAT, string(handle), size)).to.equal(denied);
    expect(await client.status(FXP.SETSTAT, string('/a'), size)).to.equal(denied);
    expect(await client.status(FXP.REMOVE, string('/a'))).to.equal(denied);
    expect(await client.status(FXP.MKDIR, string('/d'), NO_ATTRIBUTES)).to.equal(denied);
    expect(await client.status(FXP.RMDIR, string('/d'))).to.equal(denied);
    expect(await client.status(FXP.RENAME, string('/a'), string('/b'))).to.equal(denied);
    expect(await client.status(FXP.SYMLINK, string('a'), string('/b'))).to.equal(denied);
    const hard = [string('hardlink@openssh.com'), string('/a'), string('/b')];
    expect(await client.status(FXP.EXTENDED, ...hard)).to.equal(denied);
    expect(readFileSync(join(root, 'a'), 'utf8')).to.equal('one');
  });

  it('does nothing of what the guest repeats', async () => {
    await client.write('/a', 'one');
    const before = lstatSync(join(root, 'a'));
    expect(await client.open('/new', FLAGS.write | FLAGS.create | FLAGS.exclusive, REPEATED.mode)).to.equal(
      STATUS.NO_SUCH_FILE,
    );
    const again = await client.open('/a', FLAGS.write | FLAGS.create | FLAGS.exclusive, REPEATED.mode);
    expect(again).to.be.instanceOf(Buffer);
    const cut = Buffer.concat([uint32(1), uint64(REPEATED.size)]);
    expect(await client.status(FXP.FSETSTAT, string(again as Buffer), cut)).to.equal(STATUS.OK);
    const touched = Buffer.concat([uint32(8), uint32(REPEATED.time), uint32(REPEATED.time)]);
    expect(await client.status(FXP.SETSTAT, string('/a'), touched)).to.equal(STATUS.OK);
    const mode = Buffer.concat([uint32(4), uint32(REPEATED.mode)]);
    expect(await client.status(FXP.MKDIR, string('/d'), mode)).to.equal(STATUS.NO_SUCH_FILE);
    expect(await client.status(FXP.SYMLINK, string(REPEATED.target), string('/l'))).to.equal(STATUS.OK);
    expect(await client.names('/')).to.deep.equal(['a']);
    expect(lstatSync(join(root, 'a'))).to.deep.equal(before);
  });

  it('shows what is gone, and hides what is new, while the guest repeats that', async () => {
    await client.end();
    writeFileSync(join(root, 'new'), '');
    const gone = { ...lstatSync(join(root, 'new')), mode: 0o100_600 };
    const view = {
      ...NO_VIEW,
      isHidden: (path: string) => path === '/new',
      ghost: (path: string) => (path === '/gone' ? gone : undefined),
      takeGhost: (path: string) => path === '/gone',
      takeMove: (from: string, to: string) => from === '/gone' && to === '/new',
    };
    client = new SftpClient({ path: root, view });
    expect(await client.status(FXP.LSTAT, string('/new'))).to.equal(STATUS.NO_SUCH_FILE);
    expect(await client.names('/')).to.deep.equal([]);
    expect(await client.status(FXP.LSTAT, string('/gone'))).to.equal(0);
    expect(await client.status(FXP.REMOVE, string('/gone'))).to.equal(STATUS.OK);
    expect(await client.status(FXP.RENAME, string('/gone'), string('/new'))).to.equal(STATUS.OK);
    expect(lstatSync(join(root, 'new')).size).to.equal(0);
  });

  it('ends with who sends something else', async () => {
    const other = new SftpClient({ path: root });
    const ended = other.served.then(
      () => '',
      (error: Error) => error.message,
    );
    other.stream.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0]));
    expect(await ended).to.match(/no SFTP/);
    expect(await client.status(99)).to.equal(STATUS.OP_UNSUPPORTED);
    expect(await client.status(FXP.OPEN, Buffer.from([0, 0, 1, 0]))).to.equal(STATUS.BAD_MESSAGE);
    expect(await client.status(FXP.READ, string('none'), uint64(0), uint32(1))).to.equal(STATUS.FAILURE);
  });
});
