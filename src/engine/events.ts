import { EventEmitter } from 'node:events';

/** A message of `GET /events` (Docker Engine API v1.51, SystemEvents). */
export interface EngineEvent {
  readonly Type: 'container' | 'image' | 'network' | 'volume' | 'daemon';
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  readonly time: number;
  readonly timeNano: number;
}

const REMEMBERED = 256;

/** The engine's one event bus. The last 256 events are kept for `since`, as moby does. */
export class EventBus {
  readonly #emitter = new EventEmitter({ captureRejections: false });
  readonly #past: EngineEvent[] = [];

  constructor() {
    this.#emitter.setMaxListeners(0);
  }

  publish(
    type: EngineEvent['Type'],
    action: string,
    id: string,
    attributes: Record<string, string> = {},
  ): void {
    const milliseconds = Date.now();
    const event: EngineEvent = {
      Type: type,
      Action: action,
      Actor: { ID: id, Attributes: attributes },
      scope: 'local',
      time: Math.floor(milliseconds / 1000),
      timeNano: milliseconds * 1_000_000,
    };
    this.#past.push(event);
    if (this.#past.length > REMEMBERED) this.#past.shift();
    this.#emitter.emit('event', event);
  }

  past(): readonly EngineEvent[] {
    return this.#past;
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: EngineEvent) => void): () => void {
    this.#emitter.on('event', listener);
    return () => this.#emitter.off('event', listener);
  }

  /** How many subscriptions there are now. */
  listeners(): number {
    return this.#emitter.listenerCount('event');
  }
}
