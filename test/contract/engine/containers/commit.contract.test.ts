import { expect } from 'chai';
import { Readable } from 'node:stream';
import type { TarEntry } from '../../../../src/image-builder/tar/entry.ts';
import { readTar } from '../../../../src/image-builder/tar/reader.ts';
import { Client } from './client.ts';
import { Sandbox } from './sandbox.ts';

interface Made {
  readonly tar: string;
  readonly parent: string;
  readonly name?: string;
  readonly config: {
    readonly config: Record<string, unknown>;
    readonly history: readonly object[];
    readonly rootfs: object;
  } & Record<string, unknown>;
}

/** The layer and the config that `commit` makes of real containers. Linux, as root. */
describe('docker commit', function () {
  this.timeout(20_000);
  let sandbox: Sandbox;
  let client: Client;

  before(async () => {
    sandbox = await Sandbox.open();
    await sandbox.startEngine();
    client = new Client(sandbox.socketPath);
  });
  after(async () => {
    await sandbox?.close();
  });

  const started = async (config: object = {}, host: object = {}): Promise<string> => {
    const body = { Cmd: ['sleep', '1000'], Image: 'busybox', ...config };
    const id = await client.create({ ...body, HostConfig: { NetworkMode: 'none', ...host } });
    const answer = await client.call('POST', `/containers/${id}/start`);
    expect(answer.status, answer.text).to.equal(204);
    return id;
  };
  const drop = async (id: string) => client.call('DELETE', `/containers/${id}?force=1&v=1`);
  const sh = async (id: string, script: string): Promise<string> => {
    const { code, stdout, stderr } = await client.exec(id, ['sh', '-c', script]);
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const commit = async (id: string, query: Record<string, string | string[]> = {}): Promise<Made> => {
    const search = new URLSearchParams({ container: id });
    for (const [name, value] of Object.entries(query))
      for (const each of [value].flat()) search.append(name, each);
    const answer = await client.call('POST', `/commit?${search.toString()}`);
    expect(answer.status, answer.text).to.equal(201);
    return JSON.parse((await client.call('GET', '/test/made')).text) as Made;
  };
  const entriesOf = async ({ tar }: Made): Promise<TarEntry[]> => {
    const found: TarEntry[] = [];
    for await (const entry of readTar(Readable.from([Buffer.from(tar, 'base64')]))) found.push(entry);
    return found;
  };
  const actions = async (id: string): Promise<string[]> => {
    const events = JSON.parse((await client.call('GET', '/test/events')).text) as {
      Action: string;
      Actor: { ID: string };
    }[];
    return events.filter(({ Actor }) => Actor.ID === id).map(({ Action }) => Action);
  };

  it('makes no layer of a container that changed nothing', async () => {
    const id = await started();
    const made = await commit(id);
    expect(await entriesOf(made)).to.deep.equal([]);
    expect(made.config.rootfs).to.deep.equal({ type: 'layers', diff_ids: [] });
    expect(made.config.history[0]).to.include({ created_by: 'sleep 1000', empty_layer: true });
    await drop(id);
  });

  it('puts changes into the layer: whiteouts, opaque directories, hard links, owners; twice the same bytes', async () => {
    const id = await started();
    await sh(
      id,
      `cd /seed && rm file && rm -r sub && mkdir -p sub/deep && echo new > sub/deep/new
       mkdir /made && cd /made && echo one > one && ln one two && ln -s one link && mkfifo pipe && chown 7:8 one
       chmod 4750 one && touch -d @1000000000 one pipe`,
    );
    const made = await commit(id, { repo: 'team/made', tag: '1' });
    const entries = await entriesOf(made);
    // What `image bootstrap` takes: the same layer, alone.
    const exported = await client.archive('GET', `/containers/${id}/export?layer=1`);
    expect(exported.headers['x-wherry-export']).to.equal('layer');
    expect(exported.body.toString('base64')).to.equal(made.tar);
    expect(entries.map(({ type, path }) => `${type} ${path}`)).to.deep.equal([
      'directory ',
      'directory made',
      'symlink made/link',
      'file made/one',
      'fifo made/pipe',
      'hardlink made/two',
      'directory seed',
      'file seed/.wh.file',
      'directory seed/sub',
      'file seed/sub/.wh..wh..opq',
      'directory seed/sub/deep',
      'file seed/sub/deep/new',
    ]);
    const named = (path: string) => entries.find((entry) => entry.path === path);
    expect(named('made/one')).to.include({ uid: 7, gid: 8, mode: 0o4750, mtime: 1_000_000_000 });
    expect(named('made/two')).to.include({ link: 'made/one' });
    expect(named('seed/.wh.file')).to.include({ mode: 0o600, mtime: 0 });
    expect(named('seed/.wh.file')?.content).to.have.length(0);
    expect(made.parent).to.match(/^sha256:/);
    expect(made.name).to.equal('team/made:1');
    expect((await commit(id)).tar).to.equal(made.tar);
    await drop(id);
  });

  it('says what is hidden below a directory that was made again, in diff as well', async () => {
    const id = await started();
    await sh(id, 'rm -r /seed && mkdir -p /seed/sub/deep && echo again > /seed/sub/deep/again');
    const changes = JSON.parse((await client.call('GET', `/containers/${id}/changes`)).text) as {
      Path: string;
      Kind: number;
    }[];
    const deleted = changes.filter(({ Kind }) => Kind === 2).map(({ Path }) => Path);
    expect(deleted.some((path) => path.startsWith('/seed/sub/'))).to.equal(true);
    const paths = (await entriesOf(await commit(id))).map(({ path }) => path);
    expect(paths).to.include.members(['seed/.wh..wh..opq', 'seed/sub/deep/again']);
    await drop(id);
  });

  it('gives files of a container with user ids of its own the ids that they have inside', async () => {
    const id = await started({}, { UsernsMode: 'auto' });
    await sh(id, 'echo mine > /mine && chown 1000:1001 /mine && rm /seed/file');
    const entries = await entriesOf(await commit(id));
    expect(entries.find(({ path }) => path === 'mine')).to.include({ uid: 1000, gid: 1001 });
    expect(entries.find(({ path }) => path === '')).to.include({ uid: 0, gid: 0 });
    expect(entries.map(({ path }) => path)).to.include('seed/.wh.file');
    await drop(id);
  });

  it("makes the config of the container's, the changes, and the notes", async () => {
    const id = await started({ Env: ['A=1', 'B=2'], Labels: { l: '1' }, User: '0:0', WorkingDir: '/seed' });
    await sh(id, 'touch /x');
    const made = await commit(id, {
      author: 'Ada',
      comment: 'why',
      changes: ['ENV B=3 C=4', 'ENTRYPOINT ["/bin/e"]', 'EXPOSE 80', 'LABEL m=2', 'ONBUILD RUN x'],
    });
    expect(made.config).to.include({ author: 'Ada', comment: 'why', container: id, os: 'linux' });
    expect(made.config['container_config']).to.deep.include({ Cmd: ['sleep', '1000'] });
    expect(made.config.history).to.have.length(1);
    expect(made.config.history[0]).to.include({ author: 'Ada', comment: 'why', created_by: 'sleep 1000' });
    const { config } = made.config;
    expect([...(config['Env'] as string[])].sort()).to.include.members(['A=1', 'B=3', 'C=4']);
    expect(config).to.deep.include({
      Entrypoint: ['/bin/e'],
      Cmd: null,
      User: '0:0',
      WorkingDir: '/seed',
      ExposedPorts: { '80/tcp': {} },
      OnBuild: ['RUN x'],
    });
    expect(config['Labels']).to.include({ l: '1', m: '2' });
    expect((await commit(id)).config.config).to.deep.include({ Cmd: ['sleep', '1000'] });
    await drop(id);
  });

  it('pauses what runs while it reads, and not with pause=0; what was paused stays so', async () => {
    const id = await started();
    await commit(id, { pause: '0' });
    expect(await actions(id)).not.to.include('pause');
    await commit(id);
    expect((await actions(id)).slice(-3)).to.deep.equal(['pause', 'unpause', 'commit']);
    await client.call('POST', `/containers/${id}/pause`);
    await commit(id);
    expect((await actions(id)).slice(-2)).to.deep.equal(['pause', 'commit']);
    const { State } = JSON.parse((await client.call('GET', `/containers/${id}/json`)).text) as {
      State: { Paused: boolean };
    };
    expect(State.Paused).to.equal(true);
    await drop(id);
  });

  it('refuses by name what can not be, and the container runs on', async () => {
    const id = await started();
    const refused = async (query: string): Promise<[number, string]> => {
      const { status, text } = await client.call('POST', `/commit?${query}`);
      return [status, text];
    };
    expect((await refused('container=none'))[0]).to.equal(404);
    expect(await refused(`container=${id}&changes=RUN+x`)).to.satisfy(
      ([status, text]: [number, string]) =>
        status === 400 && text.includes('run is not a valid change command'),
    );
    expect((await refused(`container=${id}&repo=team/UPPER`))[0]).to.equal(400);
    await sh(id, 'touch /.wh.odd');
    expect(await refused(`container=${id}`)).to.satisfy(
      ([status, text]: [number, string]) => status === 400 && text.includes('/.wh.odd'),
    );
    expect(await sh(id, 'echo runs')).to.equal('runs\n');
    await drop(id);
  });
});
