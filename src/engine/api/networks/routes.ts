import { allows, fitsLabels, parseFilters } from '../../filters.ts';
import type { Filters } from '../../filters.ts';
import { untilOf } from '../../prune-filters.ts';
import { isPredefined } from '../../networks/networks.ts';
import type { NetworkView } from '../../networks/networks.ts';
import type { Route } from '../route.ts';
import type { NetworksBackend } from './backend.ts';
import { parseNetworkCreate } from './create.ts';
import { networkResource } from './resource.ts';

const FILTERS = ['name', 'id', 'driver', 'label', 'type', 'scope', 'dangling'];

/** `/networks`; who is on them: membership.ts. */
export function networkRoutes(backend: NetworksBackend): Route[] {
  return [
    {
      method: 'GET',
      path: '/networks',
      handle: (request, response) => {
        const filters = parseFilters(request.query.get('filters'), FILTERS);
        const found = backend.list().filter((view) => matches(view, filters));
        // A list doesn't tell who is on a network; clients inspect for that.
        response.json(
          200,
          found.map((view) => ({ ...networkResource(view), Containers: {} })),
        );
      },
    },
    {
      method: 'GET',
      path: '/networks/{id}',
      handle: (request, response) =>
        response.json(200, networkResource(backend.find(request.params['id'] ?? ''))),
    },
    {
      method: 'POST',
      path: '/networks/create',
      handle: async (request, response) => {
        const record = await backend.create(parseNetworkCreate(await request.json()));
        response.json(201, { Id: record.id, Warning: '' });
      },
    },
    {
      method: 'DELETE',
      path: '/networks/{id}',
      handle: async (request, response) => {
        await backend.remove(request.params['id'] ?? '');
        response.empty(204);
      },
    },
    {
      method: 'POST',
      path: '/networks/prune',
      handle: async (request, response) => {
        const filters = parseFilters(request.query.get('filters'), ['label', 'label!', 'until']);
        const until = untilOf(filters) ?? Infinity;
        const unused = backend
          .list()
          .filter(({ record, attached }) => !isPredefined(record) && attached.size === 0)
          .filter(
            ({ record }) => fitsLabels(filters, labelsOf(record)) && Date.parse(record.created) < until,
          );
        for (const { record } of unused) await backend.remove(record.id);
        response.json(200, { NetworksDeleted: unused.map(({ record }) => record.name) });
      },
    },
  ];
}

function matches(view: NetworkView, filters: Filters): boolean {
  const { record, attached } = view;
  const dangling = !isPredefined(record) && attached.size === 0;
  return (
    allows(filters, 'name', (value) => nameMatches(record.name, value)) &&
    allows(filters, 'id', (value) => record.id.includes(value)) &&
    allows(filters, 'driver', (value) => record.driver === value) &&
    allows(filters, 'scope', (value) => value === 'local') &&
    allows(filters, 'type', (value) => value === (isPredefined(record) ? 'builtin' : 'custom')) &&
    allows(filters, 'dangling', (value) => dangling === ['true', '1'].includes(value)) &&
    fitsLabels(filters, labelsOf(record))
  );
}

/** Part of the name; clients also write `^name$`. */
function nameMatches(name: string, wanted: string): boolean {
  const from = wanted.startsWith('^');
  const to = wanted.endsWith('$');
  const text = wanted.slice(from ? 1 : 0, to ? -1 : undefined);
  if (from && to) return name === text;
  if (from) return name.startsWith(text);
  return to ? name.endsWith(text) : name.includes(text);
}

const labelsOf = (record: NetworkView['record']): Readonly<Record<string, string>> =>
  record.driver === 'bridge' ? record.labels : {};
