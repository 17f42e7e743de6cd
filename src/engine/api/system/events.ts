import { invalid } from '../../errors.ts';
import type { EngineEvent, EventBus } from '../../events.ts';
import { allows, fitsLabels, parseFilters } from '../../filters.ts';
import type { Filters } from '../../filters.ts';
import type { ApiRequest, ApiResponse } from '../route.ts';

const KINDS = ['container', 'image', 'network', 'volume', 'daemon'] as const;
/** Bytes that may wait for one client; one that doesn't read is dropped, rather than the engine's memory filled. */
const CLIENT_BUFFER = 1024 * 1024;
/** Kinds of events that a swarm or plugins would make: known, and there are none. */
const ABSENT_KINDS = ['plugin', 'service', 'node', 'secret', 'config'];
const FILTERS = ['type', 'event', 'label', 'scope', ...KINDS, ...ABSENT_KINDS];

/**
 * `GET /events?since&until&filters`: past events, where one of the two bounds asks for them, then new ones as they happen, until `until` or until
 * the client goes. JSON objects, a line each. A client that lets 1 MiB wait is cut off.
 */
export async function streamEvents(bus: EventBus, request: ApiRequest, response: ApiResponse): Promise<void> {
  const since = timestamp(request.query.get('since'), 'since');
  const until = timestamp(request.query.get('until'), 'until');
  if (since !== undefined && until !== undefined && since > until) {
    const [first, last] = [request.query.get('since'), request.query.get('until')];
    throw invalid(`\`since\` time (${first}) cannot be after \`until\` time (${last})`);
  }
  const filters = parseFilters(request.query.get('filters'), FILTERS);
  const stream = response.stream(200, 'application/json');
  const send = (event: EngineEvent): void => {
    if (stream.destroyed || !matches(event, filters)) return;
    stream.write(`${JSON.stringify(withLegacyFields(event))}\n`);
    if (stream.writableLength > CLIENT_BUFFER) stream.destroy();
  };
  if (since !== undefined || until !== undefined) {
    const [first, last] = [since ?? 0, until ?? Infinity];
    const wanted = bus.past().filter(({ timeNano }) => timeNano >= first && timeNano <= last);
    for (const event of wanted) send(event);
  }
  const remaining = until === undefined ? undefined : until / 1e6 - Date.now();
  if (remaining === undefined || remaining > 0) await follow(bus, send, request.signal, remaining);
  stream.end();
}

function follow(
  bus: EventBus,
  send: (event: EngineEvent) => void,
  signal: AbortSignal,
  milliseconds: number | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = bus.subscribe(send);
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      unsubscribe();
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve();
    };
    // setTimeout can't count further than 2³¹ − 1 ms (25 days), which is as good as forever here.
    if (milliseconds !== undefined) timer = setTimeout(stop, Math.min(milliseconds, 2 ** 31 - 1));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
}

/** Unix seconds with an optional fraction, or an RFC 3339 time, as nanoseconds. @throws EngineError */
function timestamp(text: string | null, name: string): number | undefined {
  if (text === null || text === '') return undefined;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text) * 1e9;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) throw invalid(`invalid value for "${name}": ${text}`);
  return milliseconds * 1e6;
}

/** API versions before 1.52 repeat parts of container and image events at the top level (as dockerd 28 does). */
function withLegacyFields(event: EngineEvent): object {
  if (event.Type !== 'container' && event.Type !== 'image') return event;
  const from = event.Type === 'container' ? event.Actor.Attributes['image'] : undefined;
  return { status: event.Action, id: event.Actor.ID, ...(from === undefined ? {} : { from }), ...event };
}

function matches(event: EngineEvent, filters: Filters): boolean {
  const { ID: id, Attributes: attributes } = event.Actor;
  const action = event.Action.split(':', 1)[0];
  return (
    allows(filters, 'type', (value) => value === event.Type) &&
    allows(filters, 'event', (value) => value === event.Action || value === action) &&
    allows(filters, 'scope', (value) => value === event.scope) &&
    fitsLabels(filters, attributes) &&
    !ABSENT_KINDS.some((kind) => filters.has(kind)) &&
    KINDS.every((kind) => allows(filters, kind, (value) => concerns(event, kind, value, id, attributes)))
  );
}

/** Whether an event is about the object `value` (the beginning of its id or name); containers also match image filters. */
function concerns(
  event: EngineEvent,
  kind: (typeof KINDS)[number],
  value: string,
  id: string,
  attributes: Readonly<Record<string, string>>,
): boolean {
  if (kind === 'image') {
    const names = [
      event.Type === 'image' ? id : undefined,
      attributes['image'],
      event.Type === 'image' ? attributes['name'] : undefined,
    ];
    return names.some((name) => name !== undefined && (name === value || untagged(name) === value));
  }
  return event.Type === kind && (id.startsWith(value) || attributes['name']?.startsWith(value) === true);
}

function untagged(name: string): string {
  return name.replace(/:[^:/]+$/, '');
}
