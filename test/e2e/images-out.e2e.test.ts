import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { world } from '../helpers/e2e-hooks.ts';

const NOTHING: Buffer = Buffer.alloc(0);

describe('images out and in', () => {
  const box = 'e2e-out';
  const name = 'e2e/out:1';
  let place: string;
  let id: string;

  const clients = [
    ['docker', (words: string[], input = NOTHING) => world().docker(words, { input })],
    ['wherry', (words: string[], input = NOTHING) => world().wherry(words, { input })],
  ] as const;
  type Client = (typeof clients)[number][1];
  const does = async (client: Client, words: string[], input?: Buffer): Promise<string> => {
    const { status, stdout, stderr } = await client(words, input);
    expect(status, `${words.join(' ')}: ${stderr}`).to.equal(0);
    return stdout;
  };
  const idOf = async (image: string): Promise<string> =>
    (await world().ok(['image', 'inspect', '--format', '{{.Id}}', image])).trim();

  before(async () => {
    place = mkdtempSync(join(tmpdir(), 'wherry-out-'));
    await world().ok(['tag', world().image('busybox'), name]);
    id = await idOf(name);
    await world().ok(['run', '-d', '--name', box, '-e', 'WHERE=here', name, 'sleep', '1000']);
  });
  after(async () => {
    await world().wherry(['rm', '-f', box]);
    const made = await world().ok(['images', '--format', '{{.Repository}}:{{.Tag}}', 'e2e/*']);
    await world().wherry(['rmi', ...made.trim().split('\n')]);
    rmSync(place, { recursive: true });
  });

  it('go out by both clients with the same bytes, and come in by both, packed or not, with the same id', async () => {
    const files = clients.map(([client]) => join(place, `${client}.tar`));
    for (const [at, [, client]] of clients.entries())
      await does(client, ['save', '-o', files[at] ?? '', name]);
    const [archive, other] = files.map((file) => readFileSync(file));
    if (archive === undefined || other === undefined) throw new Error('no archive');
    expect(other.equals(archive)).to.equal(true);
    expect(readdirSync(place).length).to.equal(2);
    const [[, docker], [, wherry]] = clients;
    await world().ok(['rmi', name]);
    expect(await does(docker, ['load', '-i', files[1] ?? ''])).to.contain(`Loaded image: ${name}`);
    expect(await idOf(name)).to.equal(id);
    await world().ok(['rmi', name]);
    const packed = [gzipSync(archive, { level: 1 }), zstdCompressSync(archive)];
    for (const input of packed) {
      expect(await does(wherry, ['load', '-q'], input)).to.equal(`Loaded image: ${name}\n`);
    }
    expect(await world().ok(['run', '--rm', name, 'echo', 'runs'])).to.equal('runs\n');
  });

  it('are not half there: neither a file of a save that fails, nor an image of a load that does', async () => {
    for (const [, client] of clients) {
      const file = join(place, 'none.tar');
      const { status, stderr } = await client(['save', '-o', file, 'e2e/none:1']);
      expect([status, stderr.trim()]).to.deep.equal([
        1,
        'Error response from daemon: No such image: e2e/none:1',
      ]);
      expect(existsSync(file)).to.equal(false);
    }
    const refused = await world().wherry(['save', '--platform', 'linux/s390x', name]);
    expect([refused.status, refused.stderr]).to.satisfy(
      ([status, text]: [number, string]) => status === 1 && text.includes('linux/s390x'),
    );
    const absent = await world().wherry(['load', '-i', join(place, 'absent.tar')]);
    expect([absent.status, absent.stderr]).to.satisfy(
      ([status, text]: [number, string]) => status === 1 && text.includes('no such file or directory'),
    );
  });

  it('are made of containers by commit, and run with what was changed', async () => {
    await world().ok(['exec', box, 'sh', '-c', 'echo kept > /kept; rm /etc/group; chown 5:6 /kept']);
    const seen = 'cat /kept; stat -c %u:%g /kept; ls /etc/group 2>&1; echo $WHERE$MORE';
    const changes = ['-c', 'ENV MORE=x', '-c', `CMD ${JSON.stringify(['sh', '-c', seen])}`];
    for (const [client, run] of clients) {
      const made = `e2e/committed:${client}`;
      const printed = await does(run, ['commit', '-a', 'Ada', '-m', 'a note', ...changes, box, made]);
      expect(printed).to.match(/^sha256:[0-9a-f]{64}\n$/);
      expect(await does(run, ['run', '--rm', made])).to.match(
        /^kept\n5:6\nls: \/etc\/group: No such file or directory\nherex\n$/,
      );
      expect(await does(run, ['history', '--format', '{{.CreatedBy}}|{{.Comment}}', made])).to.match(
        /^sleep 1000\|a note\n/,
      );
    }
    expect(await world().ok(['exec', box, 'cat', '/kept'])).to.equal('kept\n');
    const history = await does(clients[0][1], ['history', '--no-trunc', '--human=false', name]);
    expect(await does(clients[1][1], ['history', '--no-trunc', '--human=false', name])).to.equal(history);
  });

  it('are made of exported files by import, from a file and from stdin', async () => {
    const file = join(place, 'export.tar');
    await world().ok(['export', '-o', file, box]);
    for (const [client, run] of clients) {
      const made = `e2e/imported:${client}`;
      const words = ['import', '-c', 'ENTRYPOINT ["/bin/sh", "-c"]', '-m', 'from files'];
      const printed =
        client === 'docker'
          ? await does(run, [...words, file, made])
          : await does(run, [...words, '-', made], gzipSync(readFileSync(file), { level: 1 }));
      expect(printed).to.match(/^sha256:[0-9a-f]{64}\n$/);
      expect(await does(run, ['run', '--rm', made, 'echo imported'])).to.equal('imported\n');
    }
    const refused = await world().wherry(['import', '-c', 'RUN x', file]);
    expect([refused.status, refused.stderr]).to.satisfy(
      ([status, text]: [number, string]) =>
        status === 1 && text.includes('run is not a valid change command'),
    );
  });
});
