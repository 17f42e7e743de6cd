import { invalid, notFound, notImplemented } from '../errors.ts';
import { API_VERSION, MIN_API_VERSION, compareVersions } from './version.ts';
import { HIJACKING_ROUTES, MOBY_ROUTES } from './moby-routes.ts';
import type { Route } from './route.ts';

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly version: string;
}

interface Pattern {
  readonly method: string;
  readonly expression: RegExp;
  readonly names: readonly string[];
}

/** The request target taken apart: version prefix, path (still percent-encoded), query. */
interface Target {
  readonly version: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

function parseTarget(url: string): Target {
  const mark = url.indexOf('?');
  const whole = mark === -1 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1));
  const prefix = /^\/v(\d{1,4}\.\d{1,4})(\/.*)$/.exec(whole);
  return { version: prefix?.[1] ?? API_VERSION, path: prefix?.[2] ?? whole, query };
}

function compile(method: string, path: string): Pattern {
  const names: string[] = [];
  const source = path
    .split(/(\{[^}]+\})/)
    .map((part) => {
      if (!part.startsWith('{')) return part.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&');
      const rest = part.endsWith('...}');
      names.push(part.slice(1, rest ? -4 : -1));
      return rest ? '(.+)' : '([^/]+)';
    })
    .join('');
  return { method, expression: new RegExp(`^${source}$`), names };
}

function compileLine(line: string): Pattern {
  const [method = '', path = ''] = line.split(' ');
  return compile(method, path);
}

let mobyPatterns: readonly Pattern[] | undefined;
const hijackPatterns = HIJACKING_ROUTES.map(compileLine);

/** Whether the answer to this request may take the connection over. */
export function mayHijack(method: string, url: string): boolean {
  if (method !== 'POST') return false;
  const { path } = parseTarget(url);
  return hijackPatterns.some((pattern) => pattern.expression.test(path));
}

/** Finds the route of a request. Routes without parameters win over those with, whatever their order. */
export class Router {
  readonly #routes: readonly (Pattern & { readonly route: Route })[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes
      .map((route) => ({ ...compile(route.method, route.path), route }))
      .sort((a, b) => a.names.length - b.names.length);
  }

  /**
   * @throws EngineError invalidParameter for an API version out of range, notImplemented for a route of moby's that
   *   isn't served, notFound for anything else
   */
  match(method: string, url: string): Match {
    const { version, path, query } = parseTarget(url);
    if (compareVersions(version, API_VERSION) > 0) {
      throw invalid(`client version ${version} is too new. Maximum supported API version is ${API_VERSION}`);
    }
    if (compareVersions(version, MIN_API_VERSION) < 0) {
      throw invalid(
        `client version ${version} is too old. Minimum supported API version is ${MIN_API_VERSION}, ` +
          'please upgrade your client to a newer version',
      );
    }
    for (const { route, expression, names } of this.#routes) {
      if (route.method !== method) continue;
      const found = expression.exec(path);
      if (found === null) continue;
      const params = Object.fromEntries(names.map((name, index) => [name, decode(found[index + 1] ?? '')]));
      return { route, params, query, version };
    }
    mobyPatterns ??= MOBY_ROUTES.map(compileLine);
    if (mobyPatterns.some((pattern) => pattern.method === method && pattern.expression.test(path))) {
      throw notImplemented(`${method} ${path} is not implemented by Wherry yet`);
    }
    throw notFound('page not found');
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw invalid(`invalid percent-encoding in the path: ${text}`, error);
  }
}
