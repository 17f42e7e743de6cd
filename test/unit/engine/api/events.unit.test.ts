import { expect } from 'chai';
import { parseFilters } from '../../../../src/engine/filters.ts';
import { streamEvents } from '../../../../src/engine/api/system/events.ts';
import type { ApiRequest, ApiResponse } from '../../../../src/engine/api/route.ts';
import { EventBus } from '../../../../src/engine/events.ts';

/** What a client gets: lines until `until`, or until it goes. */
async function listen(bus: EventBus, query: string, during: () => void = () => undefined): Promise<string[]> {
  const controller = new AbortController();
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text.trim()), end: () => undefined };
  const request = { query: new URLSearchParams(query), signal: controller.signal } as unknown as ApiRequest;
  const response = { stream: () => stream } as unknown as ApiResponse;
  const done = streamEvents(bus, request, response);
  during();
  controller.abort();
  await done;
  return lines;
}

const filters = (value: object): string => `since=0&filters=${encodeURIComponent(JSON.stringify(value))}`;
const actions = (lines: readonly string[]): string[] =>
  lines.map((line) => (JSON.parse(line) as { Action: string }).Action);

describe('GET /events', () => {
  const bus = new EventBus();
  bus.publish('container', 'create', 'abc123', { image: 'busybox:1', name: 'web', tier: 'front' });
  bus.publish('container', 'exec_create: sh -c x', 'abc123', { image: 'busybox:1', name: 'web' });
  bus.publish('image', 'pull', 'redis:latest', { name: 'redis' });
  bus.publish('network', 'connect', 'n1', { container: 'abc123', name: 'bridge', type: 'bridge' });

  it('begins in the past only when asked, and goes on with what happens', async () => {
    expect(await listen(bus, '')).to.deep.equal([]);
    expect(actions(await listen(bus, 'since=0'))).to.have.length(4);
    const other = new EventBus();
    const lines = await listen(other, '', () => other.publish('daemon', 'reload', 'x'));
    expect(actions(lines)).to.deep.equal(['reload']);
    expect(other.listeners()).to.equal(0);
  });

  it('cuts off a client that takes nothing, rather than keep everything for it', async () => {
    const crowded = new EventBus();
    const controller = new AbortController();
    const stream = {
      destroyed: false,
      writableLength: 0,
      write: (text: string) => {
        stream.writableLength += text.length;
      },
      destroy: () => {
        stream.destroyed = true;
        controller.abort();
      },
      end: () => undefined,
    };
    const request = { query: new URLSearchParams(), signal: controller.signal } as unknown as ApiRequest;
    const done = streamEvents(crowded, request, { stream: () => stream } as unknown as ApiResponse);
    for (let at = 0; at < 100; at += 1) crowded.publish('daemon', 'x'.repeat(20_000), 'y');
    await done;
    expect(stream.destroyed).to.equal(true);
    expect(stream.writableLength).to.be.within(1_000_000, 1_100_000);
    expect(crowded.listeners()).to.equal(0);
  });

  it('ends by itself at `until`', async () => {
    expect(actions(await listen(bus, 'since=0&until=1'))).to.deep.equal([]);
    // The past up to then, as moby has it.
    expect(actions(await listen(bus, `until=${Date.now() / 1000}`))).to.have.length(4);
    const failed = await listen(bus, 'since=5&until=4').catch((error: unknown) => (error as Error).message);
    expect(failed).to.equal('`since` time (5) cannot be after `until` time (4)');
  });

  it('repeats fields at the top for containers and images, as dockerd 28 does', async () => {
    const [first = '', , image = '', network = ''] = await listen(bus, 'since=0');
    expect(JSON.parse(first)).to.include({
      status: 'create',
      id: 'abc123',
      from: 'busybox:1',
      Type: 'container',
    });
    expect(JSON.parse(image))
      .to.include({ status: 'pull', id: 'redis:latest' })
      .and.not.have.property('from');
    expect(JSON.parse(network)).to.not.have.property('status');
  });

  const cases: [object, string[]][] = [
    [{ type: ['image'] }, ['pull']],
    [{ event: { exec_create: true } }, ['exec_create: sh -c x']],
    [{ container: { web: true } }, ['create', 'exec_create: sh -c x']],
    [{ container: { abc1: true } }, ['create', 'exec_create: sh -c x']],
    [{ network: ['br'] }, ['connect']],
    [{ volume: ['web'] }, []],
    [{ service: ['web'] }, []],
    [{ image: ['busybox'] }, ['create', 'exec_create: sh -c x']],
    [{ image: ['redis'] }, ['pull']],
    [{ label: ['tier=front'] }, ['create']],
    [{ type: ['container', 'network'], event: ['connect', 'create'] }, ['create', 'connect']],
    [{ type: { container: false } }, ['create', 'exec_create: sh -c x', 'pull', 'connect']],
  ];
  for (const [filter, expected] of cases) {
    it(`filters by ${JSON.stringify(filter)}`, async () => {
      expect(actions(await listen(bus, filters(filter)))).to.deep.equal(expected);
    });
  }

  it('refuses filters that it does not know, and times that are none', async () => {
    expect(() => parseFilters('{"x":["y"]}', ['type'])).to.throw("invalid filter 'x'");
    expect(() => parseFilters('nonsense', ['type'])).to.throw('invalid filters');
    const failed = await listen(bus, 'since=yesterday').catch((error: unknown) => (error as Error).message);
    expect(failed).to.equal('invalid value for "since": yesterday');
  });
});
