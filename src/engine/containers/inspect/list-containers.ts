import { EngineError, invalid } from '../../errors.ts';
import { fitsLabels } from '../../filters.ts';
import type { Filters } from '../../filters.ts';
import type { ContainersContext } from '../context.ts';
import { stateWord, statusText } from './describe-state.ts';
import { networksOf } from './inspect-network.ts';
import type { ContainerRecord } from '../model.ts';
import { mountPoints } from '../mounts/describe.ts';
import { hasPort, publishedPorts } from './port-filter.ts';
import { listPorts } from '../network/ports.ts';
import { sizesOf } from './sizes.ts';
import { isUp } from '../registry.ts';

export interface ListQuery {
  /** Tell the sizes too. */
  readonly size: boolean;
  readonly all: boolean;
  /** 0 or below: no limit. */
  readonly limit: number;
  readonly filters: Filters;
}

type Test = (record: ContainerRecord, values: readonly string[]) => boolean;

const HEALTHS = ['starting', 'healthy', 'unhealthy', 'none'];
const STATES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];

/** The newest first. @throws EngineError invalidParameter for a status that Docker doesn't have, notFound */
export async function listContainers(
  context: ContainersContext,
  query: ListQuery,
): Promise<Record<string, unknown>[]> {
  for (const status of query.filters.get('status') ?? []) {
    if (!STATES.includes(status)) throw invalid(`invalid filter 'status=${status}'`);
  }
  for (const health of query.filters.get('health') ?? []) {
    if (!HEALTHS.includes(health)) throw invalid(`unrecognized filter value for health: ${health}`);
  }
  for (const code of query.filters.get('exited') ?? []) {
    if (!/^-?\d+$/.test(code)) throw invalid(`invalid filter 'exited=${code}'`);
  }
  const everything =
    query.all || query.limit > 0 || ['status', 'before', 'since'].some((key) => query.filters.has(key));
  const records = context.registry
    .all()
    .map(({ record }) => record)
    .filter((record) => everything || isUp(record.state))
    .filter((record) => matches(context, record, query))
    .sort((a, b) => (a.created < b.created ? 1 : -1));
  const listed: Record<string, unknown>[] = [];
  for (const record of query.limit > 0 ? records.slice(0, query.limit) : records) {
    const sizes = query.size ? await sizesOf(context, record) : {};
    listed.push({ ...summary(context, record), ...sizes });
  }
  return listed;
}

function matches(context: ContainersContext, record: ContainerRecord, query: ListQuery): boolean {
  if (!fitsLabels(query.filters, record.config.Labels)) return false;
  for (const [key, values] of query.filters) {
    const test = Object.hasOwn(TESTS, key) ? TESTS[key] : undefined;
    if (test !== undefined && !test(record, values)) return false;
    if (key === 'ancestor' && !values.some((value) => isAncestor(context, record, value))) return false;
    if (key === 'before' || key === 'since') {
      const bounds = values.map((value) => context.registry.find(value).record.created);
      const within = (bound: string): boolean =>
        key === 'before' ? record.created < bound : record.created > bound;
      if (!bounds.every(within)) return false;
    }
  }
  return true;
}

const TESTS: Readonly<Record<string, Test>> = {
  // As moby matches it: anywhere in the id, a regular expression too.
  id: (record, values) => values.some((value) => expression('id', value).test(record.id)),
  // A regular expression over the name, with and without its slash.
  name: (record, values) =>
    values.some((value) => {
      const pattern = expression('name', value);
      return pattern.test(record.name) || pattern.test(`/${record.name}`);
    }),
  status: (record, values) => values.includes(stateWord(record.state)),
  exited: (record, values) =>
    record.state.status === 'exited' && values.map(Number).includes(record.state.exitCode),
  network: (record, values) =>
    Object.entries(networksOf(record)).some(
      ([name, settings]) => values.includes(name) || values.includes(String(settings['NetworkID'])),
    ),
  volume: (record, values) =>
    (record.mounts ?? []).some(
      (mount) =>
        values.includes(mount.destination) ||
        (mount.type === 'volume' && values.includes(mount.name)) ||
        (mount.type === 'bind' && values.includes(mount.source)),
    ),
  expose: (record, values) =>
    values.some((value) => hasPort(Object.keys(record.config.ExposedPorts), 'expose', value)),
  publish: (record, values) => values.some((value) => hasPort(publishedPorts(record), 'publish', value)),
  health: (record, values) => values.includes(record.health?.Status ?? 'none'),
  'is-task': (_record, values) => values.every((value) => value === 'false' || value === '0'),
  isolation: () => true,
};

/** All filters of `GET /containers/json`; the last three name another container or an image. */
export const LIST_FILTERS: readonly string[] = [
  ...Object.keys(TESTS),
  'label',
  'before',
  'since',
  'ancestor',
];

function expression(key: string, text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw invalid(`invalid filter '${key}=${text}'`, error);
  }
}

function isAncestor(context: ContainersContext, record: ContainerRecord, reference: string): boolean {
  if (record.config.Image === reference) return true;
  try {
    return context.images.resolve(reference).id === record.imageId;
  } catch (error) {
    // An image that is not here, and what can't be a name, is nobody's ancestor.
    if (error instanceof EngineError && ['notFound', 'invalidParameter'].includes(error.kind)) return false;
    throw error;
  }
}

/** Arguments with spaces in them stand in quotes, as in moby. */
function commandText([path = '', ...rest]: readonly string[]): string {
  return [path, ...rest.map((word) => (word.includes(' ') ? `'${word}'` : word))].join(' ');
}

/** What the user called the image, as long as that still means the same one; its id otherwise. */
function imageName(context: ContainersContext, { config, imageId }: ContainerRecord): string {
  try {
    return context.images.resolve(config.Image).id === imageId ? config.Image : imageId;
  } catch (error) {
    if (error instanceof EngineError) return imageId;
    throw error;
  }
}

/** An entry of `GET /containers/json` (ContainerSummary). */
export function summary(context: ContainersContext, record: ContainerRecord): Record<string, unknown> {
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: imageName(context, record),
    ImageID: record.imageId,
    Command: commandText(record.argv),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: listPorts(record),
    Labels: record.config.Labels,
    State: stateWord(record.state),
    Status: statusText(record),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks: networksOf(record) },
    Mounts: mountPoints(context, record),
  };
}
