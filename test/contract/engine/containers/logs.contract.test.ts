import { expect } from 'chai';
import { setTimeout as pause } from 'node:timers/promises';
import { FrameDecoder } from '../../../../src/protocol/streams/mux.ts';
import type { Client } from './client.ts';
import { engineInSandbox } from './engine-in-sandbox.ts';
import type { Sandbox } from './sandbox.ts';

const LIMIT = 40_000;
const rotated = { 'max-size': String(LIMIT), 'max-file': '3' };

/** The real conmon's log, put aside and begun anew. Linux, as root. */
describe("containers' logs", () => {
  let sandbox: Sandbox;
  let client: Client;

  before(async () => ({ sandbox, client } = await engineInSandbox()));
  after(async () => sandbox?.close());

  const start = async (script: string, LogConfig: object, config: object = {}): Promise<string> => {
    const Cmd = ['sh', '-c', script];
    const id = await client.create({ Cmd, ...config, HostConfig: { NetworkMode: 'none', LogConfig } });
    expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(204);
    return id;
  };
  const logs = async (id: string, query = ''): Promise<string> => {
    const path = `/containers/${id}/logs?stdout=1&stderr=1${query}`;
    const bytes = await client.bytes('GET', path);
    return new FrameDecoder()
      .push(bytes)
      .map(({ payload }) => payload.toString())
      .join('');
  };
  const numbers = (text: string): number[] => text.trim().split('\n').map(Number);
  const filesOf = async (id: string): Promise<{ name: string; size: number }[]> => {
    const { json } = await client.call('GET', `/containers/${id}/json`);
    const directory = String(json['LogPath']).replace(/\/[^/]*$/, '');
    const listed = await sandbox.run('sh', '-c', `cd ${directory} && stat -c '%n %s' container.log*`);
    return listed
      .trim()
      .split('\n')
      .map((line) => ({ name: line.split(' ')[0] ?? '', size: Number(line.split(' ')[1]) }));
  };
  const ended = async (id: string): Promise<void> => {
    const waiting = await client.waitFor(id, 'not-running');
    await waiting.end;
  };

  it('rotate without a line lost or doubled, for readers and followers', async () => {
    // ~60 bytes a line in the file: 4000 lines are six files' worth, in bursts that a rotation falls into.
    const script =
      'i=0; while [ $i -lt 4000 ]; do echo $i; i=$((i+1)); [ $((i % 200)) = 0 ] && sleep 0.05; done; sleep 0.3';
    const id = await start(script, { Type: 'json-file', Config: rotated });
    const followed = numbers(await logs(id, '&follow=1'));
    expect(followed).to.deep.equal(Array.from({ length: 4000 }, (_, at) => at));
    await ended(id);
    const files = await filesOf(id);
    expect(files.map(({ name }) => name)).to.have.members([
      'container.log',
      'container.log.1',
      'container.log.2',
    ]);
    for (const { size } of files) expect(size).to.be.below(LIMIT * 2);
    const kept = numbers(await logs(id));
    const first = kept[0] ?? -1;
    expect(first).to.be.above(0);
    expect(kept).to.deep.equal(Array.from({ length: 4000 - first }, (_, at) => first + at));
    expect(numbers(await logs(id, '&tail=1500'))).to.deep.equal(kept.slice(-1500));
    // Both runs of a container are in its log; following ends with the second.
    expect((await client.call('POST', `/containers/${id}/start`)).status).to.equal(204);
    expect(numbers(await logs(id, '&follow=1&tail=1')).at(-1)).to.equal(3999);
    await client.call('DELETE', `/containers/${id}?force=1`);
  });

  it('are thrown away whole where there is one file only', async () => {
    const script = 'i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done; sleep 0.2; echo end';
    const id = await start(script, { Type: 'json-file', Config: { 'max-size': '20k' } });
    await ended(id);
    expect((await filesOf(id)).map(({ name }) => name)).to.deep.equal(['container.log']);
    const kept = (await logs(id)).trim().split('\n');
    expect(kept.at(-1)).to.equal('end');
    expect(kept.length).to.be.below(2000);
    await client.call('DELETE', `/containers/${id}`);
  });

  it('are rotated by the next engine too, from wherever the last one was killed', async () => {
    const script =
      'i=0; while [ $i -lt 6000 ]; do echo $i; i=$((i+1)); [ $((i % 100)) = 0 ] && sleep 0.05; done';
    const id = await start(script, { Type: 'local', Config: { 'max-size': '20k', 'max-file': '100' } });
    for (let kill = 0; kill < 3; kill += 1) {
      await pause(120 + kill * 33);
      await sandbox.killEngine();
      await sandbox.startEngine();
    }
    await ended(id);
    expect(numbers(await logs(id))).to.deep.equal(Array.from({ length: 6000 }, (_, at) => at));
    const { json } = await client.call('GET', `/containers/${id}/json`);
    expect(json['LogPath']).to.equal('');
    expect(json['HostConfig']).to.deep.include({
      LogConfig: { Type: 'local', Config: { 'max-size': '20k', 'max-file': '100' } },
    });
    await client.call('DELETE', `/containers/${id}`);
  });

  it('show what --log-opt named, with --details', async () => {
    const LogConfig = { Type: 'json-file', Config: { labels: 'tier', env: 'A', tag: '{{.Name}}' } };
    const config = { Labels: { tier: 'front', other: 'x' }, Env: ['A=1'] };
    const id = await start('echo hi', LogConfig, config);
    await ended(id);
    const { json } = await client.call('GET', `/containers/${id}/json`);
    const name = String(json['Name']).slice(1);
    expect(await logs(id, '&details=1')).to.equal(`A=1,tag=${name},tier=front hi\n`);
    expect(await logs(id, '&details=1&timestamps=1')).to.match(/^\S+Z A=1,tag=\S+ hi\n$/);
    await client.call('DELETE', `/containers/${id}`);
  });

  it('are not kept by the driver none, and say so', async () => {
    const id = await start('echo hi', { Type: 'none' });
    await ended(id);
    const answer = await client.call('GET', `/containers/${id}/logs?stdout=1`);
    expect(answer.status).to.equal(501);
    expect(answer.json['message']).to.equal('configured logging driver does not support reading');
    expect((await client.run(['echo', 'seen'], { host: { LogConfig: { Type: 'none' } } })).stdout).to.equal(
      'seen\n',
    );
    await client.call('DELETE', `/containers/${id}`);
  });
});
