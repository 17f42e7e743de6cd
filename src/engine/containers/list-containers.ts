import { EngineError, invalid } from '../errors.ts';
import { fitsLabels } from '../filters.ts';
import type { Filters } from '../filters.ts';
import type { ContainersContext } from './context.ts';
import { stateWord, statusText } from './describe-state.ts';
import { networksOf } from './inspect-network.ts';
import type { ContainerRecord } from './model.ts';
import { mountPoints } from './mounts/describe.ts';
import { listPorts, publishesPort } from './ports.ts';
import { sizesOf } from './sizes.ts';
import { isUp } from './registry.ts';

export interface ListQuery {
  /** Tell the sizes too. */
  readonly size: boolean;
  readonly all: boolean;
  /** 0 or below: no limit. */
  readonly limit: number;
  readonly filters: Filters;
}

type Test = (record: ContainerRecord, values: readonly string[]) => boolean;

const STATES = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];

/** The newest first. @throws EngineError invalidParameter for a status that Docker doesn't have, notFound */
export async function listContainers(
  context: ContainersContext,
  query: ListQuery,
): Promise<Record<string, unknown>[]> {
  for (const status of query.filters.get('status') ?? []) {
    if (!STATES.includes(status)) throw invalid(`invalid filter 'status=${status}'`);
  }
  const everything =
    query.all ||
    query.limit > 0 ||
    ['status', 'exited', 'before', 'since'].some((key) => query.filters.has(key));
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
  id: (record, values) => values.some((value) => record.id.startsWith(value)),
  // A regular expression over the name, with and without its slash.
  name: (record, values) =>
    values.some((value) => {
      const pattern = expression(value);
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
        values.includes(mount.destination) || (mount.type === 'volume' && values.includes(mount.name)),
    ),
  expose: (record, values) =>
    values.some((value) =>
      Object.hasOwn(record.config.ExposedPorts, value.includes('/') ? value : `${value}/tcp`),
    ),
  publish: (record, values) => values.some((value) => publishesPort(record, value)),
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

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw invalid(`invalid filter 'name=${text}'`, error);
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

/** An entry of `GET /containers/json` (ContainerSummary). */
export function summary(context: ContainersContext, record: ContainerRecord): Record<string, unknown> {
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.config.Image,
    ImageID: record.imageId,
    Command: record.argv.join(' '),
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
