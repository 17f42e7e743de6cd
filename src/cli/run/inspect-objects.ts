import { Flags } from '@oclif/core';
import { apiPath } from '../engine-client/api-path.ts';
import { EngineAnswerError, type EngineClient } from '../engine-client/client.ts';
import { ExitStatus } from '../error-render.ts';
import { compileTemplate } from '../render/template/execute.ts';
import type { Terminal } from '../streams/terminal.ts';

export const inspectFlags = {
  format: Flags.string({ char: 'f', description: "'json' or a Go template" }),
};

const KINDS = {
  container: (name: string) => apiPath`/containers/${name}/json`,
  image: (name: string) => apiPath`/images/${name}/json`,
  network: (name: string) => apiPath`/networks/${name}`,
  volume: (name: string) => apiPath`/volumes/${name}`,
} as const;

export type InspectKind = keyof typeof KINDS;
export const INSPECT_KINDS = Object.keys(KINDS) as InspectKind[];

/**
 * Prints what the engine knows of each name: a JSON array, or a template a line. Names that nothing has are told on
 * stderr, after the others were printed, and give the exit status 1.
 */
export async function inspectObjects(
  engine: EngineClient,
  names: readonly string[],
  options: {
    readonly type?: InspectKind | undefined;
    readonly format?: string | undefined;
    readonly size?: boolean;
    /** Of images: another one than this is none. */
    readonly platform?: string | undefined;
  },
  terminal: Terminal,
): Promise<void> {
  const { type, format } = options;
  const query = { size: options.size === true ? 1 : undefined, platform: options.platform };
  const isJson = format === undefined || format === '' || format === 'json';
  const render = isJson ? undefined : compileTemplate(format, { missing: 'error' });
  const looked = [];
  for (const name of names) looked.push({ name, ...(await lookUp(engine, name, type, query)) });
  const found = looked.flatMap(({ object }) => (object === undefined ? [] : [object]));
  const text = render
    ? found.map((object) => `${render(object)}\n`).join('')
    : `${format === 'json' ? JSON.stringify(found) : JSON.stringify(found, null, 4)}\n`;
  terminal.stdout.write(text);
  const missing = looked.filter(({ object }) => object === undefined);
  for (const { name, reason } of missing) {
    terminal.stderr.write(`${type === undefined ? `Error: No such object: ${name}` : reason}\n`);
  }
  if (missing.length > 0) throw new ExitStatus(1);
}

/** The object of the first kind that has the name, or why the last one has none. */
async function lookUp(
  engine: EngineClient,
  name: string,
  type: InspectKind | undefined,
  options: { readonly size: number | undefined; readonly platform: string | undefined },
): Promise<{ object?: unknown; reason?: string }> {
  let reason = '';
  for (const kind of type === undefined ? INSPECT_KINDS : [type]) {
    try {
      const query = {
        ...(kind === 'container' ? { size: options.size } : {}),
        ...(kind === 'image' ? { platform: options.platform } : {}),
      };
      return { object: await engine.json<unknown>('GET', KINDS[kind](name), { query }) };
    } catch (error) {
      if (!(error instanceof EngineAnswerError && error.status === 404)) throw error;
      reason = error.message;
    }
  }
  return { reason };
}
