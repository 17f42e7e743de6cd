import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { messageOf } from '../../../../src/core/errors.ts';
import { parseCopyArgument } from '../../../../src/cli/copy/argument.ts';
import { copyToContainer } from '../../../../src/cli/copy/copy-in.ts';
import { copyFromContainer } from '../../../../src/cli/copy/copy-out.ts';
import { EngineClient } from '../../../../src/cli/engine-client/client.ts';
import { pipedTerminal } from '../../../helpers/cli/scripted-engine.ts';
import { debianTools } from '../../../helpers/debian-tools.ts';
import { file } from '../../../helpers/images/entries.ts';
import { layerTar } from '../../../helpers/images/layer-tar.ts';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

/** docker's own cp and ours, asked for the same, leave the same behind. Linux, as root. */
describe('cp of both CLIs', () => {
  let sandbox: Sandbox;
  let client: Client;
  let engine: EngineClient;
  let home: string;
  let id: string;
  let docker: (words: readonly string[]) => Promise<string>;

  before(async () => {
    ({ sandbox, client } = await engineInSandbox());
    engine = new EngineClient(async () => {
      const socket = connect(sandbox.socketPath);
      await once(socket, 'connect');
      return socket;
    });
    home = mkdtempSync(join(tmpdir(), 'wherry-cp-'));
    const tools = await debianTools(['docker-cli']);
    const env = {
      ...process.env,
      DOCKER_HOST: `unix://${sandbox.socketPath}`,
      DOCKER_CONFIG: tools.dockerConfigDir,
    };
    docker = async (words) =>
      promisify(execFile)(join(tools.binDir, 'docker'), [...words], { env }).then(
        () => 'done',
        (error: { stderr: string }) => error.stderr.trim(),
      );
    id = await client.create(
      { Image: 'seeded', Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none' } },
      '?name=box',
    );
    await client.call('POST', `/containers/${id}/start`);
  });
  after(async () => {
    engine?.close();
    if (home !== undefined) rmSync(home, { recursive: true });
    await sandbox?.close();
  });

  const ours = async (words: readonly string[]): Promise<string> => {
    const [from, to] = words.filter((word) => !/^-[aL]$/.test(word)).map((word) => parseCopyArgument(word));
    if (from === undefined || to === undefined) throw new Error('two of them');
    const options = { follow: words.includes('-L'), archive: words.includes('-a') };
    try {
      if (from.container !== '') await copyFromContainer(engine, from, to.path, options, pipedTerminal());
      else await copyToContainer(engine, from.path, to, options, pipedTerminal());
      return 'done';
    } catch (error) {
      return messageOf(error);
    }
  };

  /** Of 300 combinations in each direction, those that take different ways. */
  const PAIRS: readonly (readonly [string, string, ...string[]])[] = [
    ['file', 'f'],
    ['file', 'new/'],
    ['file', 'broken'],
    ['dir', 'f'],
    ['dir', 'new', '-a'],
    ['dir/.', 'new'],
    ['to-file', 'lf'],
    ['to-file', 'new', '-L'],
    ['to-dir', 'ld'],
    ['none', 'd'],
  ];

  /** Everything that can be seen of a tree of this computer's. */
  const tree = (path: string): string[] =>
    (readdirSync(path, { recursive: true }) as string[]).sort().map((name) => {
      const stat = lstatSync(join(path, name));
      const what = stat.isFile()
        ? readFileSync(join(path, name), 'utf8')
        : stat.isSymbolicLink()
          ? readlinkSync(join(path, name))
          : 'directory';
      const time = stat.isDirectory() ? '' : Math.floor(stat.mtimeMs / 1000);
      return `${name} ${(stat.mode & 0o7777).toString(8)} ${stat.uid} ${stat.nlink} ${time} ${what}`;
    });

  const makeSources = (path: string): void => {
    mkdirSync(join(path, 'dir/sub'), { recursive: true });
    writeFileSync(join(path, 'file'), 'a file');
    writeFileSync(join(path, 'dir/x'), 'x');
    linkSync(join(path, 'dir/x'), join(path, 'dir/sub/again'));
    symlinkSync('../x', join(path, 'dir/sub/link'));
    symlinkSync('file', join(path, 'to-file'));
    symlinkSync('dir', join(path, 'to-dir'));
    chmodSync(join(path, 'dir/x'), 0o4711);
    chmodSync(join(path, 'dir/sub'), 0o700);
    for (const name of ['file', 'dir/x']) utimesSync(join(path, name), 1_500_000_000, 1_500_000_000);
  };
  const TARGET_SCRIPT = 'mkdir d; echo old > f; ln -s d ld; ln -s f lf; ln -s missing broken';
  const makeTargets = (path: string): void => {
    mkdirSync(join(path, 'd'), { recursive: true });
    writeFileSync(join(path, 'f'), 'old\n');
    utimesSync(join(path, 'f'), 1, 1);
    for (const [name, to] of Object.entries({ ld: 'd', lf: 'f', broken: 'missing' }))
      symlinkSync(to, join(path, name));
    for (const name of ['ld', 'lf', 'broken']) {
      // The links' own times differ from run to run.
      expect(lstatSync(join(path, name)).isSymbolicLink()).to.equal(true);
    }
  };
  const timeless = (lines: string[]): string[] =>
    lines.map((line) => line.replace(/^(\S+ 777 \d+ \d+) \d+/, '$1'));
  /** Where each run worked is its own; everything else has to be the same. */
  const neutral = (text: string, place: string): string =>
    text.replaceAll(place, 'PLACE').replace(/^(?:Error: )?/, '');

  it('from a container', async () => {
    const script = `mkdir -p /src/dir/sub; cd /src; echo -n 'a file' > file; echo -n x > dir/x; ln dir/x dir/sub/again; ln -s ../x dir/sub/link;
      ln -s file to-file; ln -s dir to-dir; chmod 4711 dir/x; chmod 700 dir/sub; touch -d @1500000000 file dir/x`;
    expect((await client.exec(id, ['sh', '-c', script])).code).to.equal(0);
    for (const [source, target, ...flags] of PAIRS) {
      const results: [string, string[]][] = [];
      for (const copy of [async (words: string[]) => docker(['cp', ...words]), ours]) {
        const place = join(home, 'out');
        makeTargets(place);
        const said = await copy([...flags, `box:/src/${source}`, `${place}/${target}`]);
        results.push([neutral(said, place), timeless(tree(place))]);
        rmSync(place, { recursive: true });
      }
      expect(results[1], `${flags.join()} ${source} → ${target}`).to.deep.equal(results[0]);
    }
  });

  it('to a container', async () => {
    const place = join(home, 'in');
    makeSources(place);
    const list =
      'cd /dst; find . | sort | while read f; do stat -c "%n %a %u:%g %h" "$f"; [ -d "$f" ] || cat "$f"; readlink "$f"; done; true';
    for (const [source, target, ...flags] of PAIRS) {
      const results: [string, string][] = [];
      for (const copy of [async (words: string[]) => docker(['cp', ...words]), ours]) {
        await client.exec(id, ['sh', '-c', `rm -rf /dst; mkdir /dst; cd /dst; ${TARGET_SCRIPT}`]);
        const said = await copy([...flags, `${place}/${source}`, `box:/dst/${target}`]);
        results.push([neutral(said, place), (await client.exec(id, ['sh', '-c', list])).stdout]);
      }
      expect(results[1], `${flags.join()} ${source} → ${target}`).to.deep.equal(results[0]);
    }
  });

  it('say what is wrong in the same words', async () => {
    const place = join(home, 'words');
    mkdirSync(join(place, 'dir'), { recursive: true });
    writeFileSync(join(place, 'file'), '');
    for (const words of [
      [`${place}/none`, 'box:/tmp'],
      [`${place}/file/`, 'box:/tmp'],
      [`${place}/dir`, 'box:/etc/passwd'],
      [`${place}/file`, 'box:/none/x/y'],
      [`${place}/file`, 'box:/none/'],
      [`${place}/file`, 'nobody:/tmp'],
      ['box:/none', place],
      ['nobody:/none', place],
      ['box:/etc/passwd', `${place}/none/x`],
      ['box:/etc/passwd', `${place}/none/`],
      ['box:/etc', `${place}/file`],
      ['box:/etc/passwd', '/dev/null'],
    ]) {
      expect(neutral(await ours(words), place), words.join(' ')).to.equal(
        neutral(await docker(['cp', ...words]), place),
      );
    }
    rmSync(place, { recursive: true });
  });

  it('take and give archives by - ', async () => {
    const terminal = pipedTerminal();
    const stdin = new PassThrough();
    stdin.end(layerTar([file('by-stdin', 'piped')]));
    await copyToContainer(
      engine,
      '-',
      { container: 'box', path: '/tmp' },
      { follow: false, archive: false },
      { ...terminal, stdin: stdin as unknown as NodeJS.ReadStream },
    );
    const out = buffer(terminal.stdout);
    await copyFromContainer(
      engine,
      { container: 'box', path: '/tmp/by-stdin' },
      '-',
      { follow: false },
      terminal,
    );
    terminal.stdout.end();
    expect((await out).toString('latin1')).to.match(/^by-stdin\0[^]*piped/);
    const refused = copyToContainer(
      engine,
      '-',
      { container: 'box', path: '/tmp/by-stdin' },
      { follow: false, archive: false },
      pipedTerminal(),
    );
    expect(await refused.catch(messageOf)).to.equal('destination "box:/tmp/by-stdin" must be a directory');
  });
});
