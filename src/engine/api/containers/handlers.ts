import type { Explanation } from '../../../protocol/docker/explanation.ts';
import { execConfig } from '../../../protocol/docker/exec.ts';
import { bundleOf, publish } from '../../containers/context.ts';
import type { ContainersContext } from '../../containers/context.ts';
import { createContainer } from '../../containers/create/create-container.ts';
import { explainProcess, explainRunning } from '../../containers/explain/explain-container.ts';
import { createExec } from '../../containers/exec/exec-container.ts';
import { inspectContainer } from '../../containers/inspect/inspect-container.ts';
import { LIST_FILTERS, listContainers } from '../../containers/inspect/list-containers.ts';
import { listProcesses } from '../../containers/inspect/list-processes.ts';
import { PRUNE_FILTERS, pruneContainers } from '../../containers/lifecycle/prune-containers.ts';
import { requireRunning } from '../../containers/registry.ts';
import type { ContainerEntry } from '../../containers/registry.ts';
import { removeContainer } from '../../containers/lifecycle/remove-container.ts';
import { renameContainer } from '../../containers/rename-container.ts';
import { resizeTerminal } from '../../containers/streams/resize.ts';
import { restartContainer } from '../../containers/lifecycle/restart-container.ts';
import { sizesOf } from '../../containers/inspect/sizes.ts';
import { startContainer } from '../../containers/lifecycle/start-container.ts';
import {
  killContainer,
  pauseContainer,
  stopContainer,
  unpauseContainer,
} from '../../containers/lifecycle/stop-container.ts';
import { updateContainer } from '../../containers/update-container.ts';
import { parseWaitCondition, waitForContainer } from '../../containers/lifecycle/wait-container.ts';
import { conflict, invalid, notImplemented } from '../../errors.ts';
import { parseFilters } from '../../filters.ts';
import type { ApiRequest, ApiResponse } from '../route.ts';
import { flagOf, integerOf } from '../query.ts';

type Handler = (request: ApiRequest, response: ApiResponse) => Promise<void> | void;

/** The handlers of `/containers/…` that answer with JSON or nothing. */
export function containerHandlers(context: ContainersContext) {
  const entryOf = (request: ApiRequest): ContainerEntry => context.registry.find(request.params['id'] ?? '');
  let pruning = false;
  return {
    list: (async (request, response) => {
      const query = {
        size: flagOf(request.query, 'size'),
        all: flagOf(request.query, 'all'),
        limit: integerOf(request.query, 'limit', 0),
        filters: parseFilters(request.query.get('filters'), LIST_FILTERS),
      };
      response.json(200, await listContainers(context, query));
    }) satisfies Handler,

    create: (async (request, response) => {
      const { entry, warnings } = await createContainer(context, {
        name: request.query.get('name') ?? '',
        platform: request.query.get('platform') ?? '',
        body: await request.json(),
      });
      response.json(201, { Id: entry.id, Warnings: warnings });
    }) satisfies Handler,

    inspect: (async (request, response) => {
      const entry = entryOf(request);
      const sizes = flagOf(request.query, 'size') ? await sizesOf(context, entry.record) : {};
      response.json(200, { ...inspectContainer(context, entry), ...sizes });
    }) satisfies Handler,

    top: ((request, response) => {
      const arguments_ = request.query.get('ps_args') ?? '';
      if (!['', '-ef'].includes(arguments_)) throw notImplemented('ps_args is not implemented yet');
      const entry = entryOf(request);
      const processes = listProcesses(context, entry);
      publish(context, entry, 'top');
      response.json(200, processes);
    }) satisfies Handler,

    wait: (async (request, response) => {
      const entry = entryOf(request);
      const condition = parseWaitCondition(request.query.get('condition') ?? '');
      const ended = waitForContainer(entry, condition, request.signal);
      // Clients start the container only after they have seen this header.
      const stream = response.stream(200, 'application/json');
      const report = await ended.catch((error: unknown) => {
        if (request.signal.aborted) return undefined; // Nobody is left to be told.
        throw error;
      });
      if (report === undefined) return;
      stream.end(`${JSON.stringify({ StatusCode: report.exitCode })}\n`);
    }) satisfies Handler,

    start: (async (request, response) => {
      const entry = entryOf(request);
      if (!flagOf(request.query, 'explain')) {
        response.empty((await startContainer(context, entry)) ? 204 : 304);
        return;
      }
      let explanation: Explanation | undefined;
      await startContainer(context, entry, async (pid) => {
        explanation = await explainProcess(context, entry, pid);
      });
      if (explanation === undefined) response.empty(304);
      else response.json(200, explanation);
    }) satisfies Handler,

    explain: (async (request, response) => {
      response.json(200, await explainRunning(context, entryOf(request)));
    }) satisfies Handler,

    stop: (async (request, response) => {
      const stopped = await stopContainer(context, entryOf(request), stopOptions(request));
      response.empty(stopped ? 204 : 304);
    }) satisfies Handler,

    restart: (async (request, response) => {
      await restartContainer(context, entryOf(request), stopOptions(request));
      response.empty(204);
    }) satisfies Handler,

    kill: (async (request, response) => {
      await killContainer(context, entryOf(request), request.query.get('signal') ?? '');
      response.empty(204);
    }) satisfies Handler,

    pause: (async (request, response) => {
      await pauseContainer(context, entryOf(request));
      response.empty(204);
    }) satisfies Handler,

    unpause: (async (request, response) => {
      await unpauseContainer(context, entryOf(request));
      response.empty(204);
    }) satisfies Handler,

    resize: (async (request, response) => {
      const entry = entryOf(request);
      requireRunning(entry);
      const [rows, columns] = terminalSize(request);
      await resizeTerminal(bundleOf(context, entry.id), rows, columns);
      publish(context, entry, 'resize', { height: String(rows), width: String(columns) });
      response.empty(200);
    }) satisfies Handler,

    rename: (async (request, response) => {
      await renameContainer(context, entryOf(request), request.query.get('name') ?? '');
      response.empty(204);
    }) satisfies Handler,

    prune: (async (request, response) => {
      const filters = parseFilters(request.query.get('filters'), PRUNE_FILTERS);
      if (pruning) throw conflict('a prune operation is already running');
      pruning = true;
      try {
        const { ids, bytes } = await pruneContainers(context, filters);
        response.json(200, { ContainersDeleted: ids.length > 0 ? ids : null, SpaceReclaimed: bytes });
      } finally {
        pruning = false;
      }
    }) satisfies Handler,

    update: (async (request, response) => {
      const warnings = await updateContainer(context, entryOf(request), await request.json());
      response.json(200, { Warnings: warnings.length > 0 ? warnings : null });
    }) satisfies Handler,

    createExec: (async (request, response) => {
      const parsed = execConfig.safeParse(await request.json());
      if (!parsed.success) throw invalid(`invalid exec configuration: ${parsed.error.message}`);
      response.json(201, { Id: createExec(context, entryOf(request), parsed.data).id });
    }) satisfies Handler,

    remove: (async (request, response) => {
      if (flagOf(request.query, 'link')) throw notImplemented('links are not implemented yet');
      await removeContainer(context, entryOf(request), {
        force: flagOf(request.query, 'force'),
        volumes: flagOf(request.query, 'v'),
      });
      response.empty(204);
    }) satisfies Handler,
  };
}

function stopOptions(request: ApiRequest): { timeout: number | undefined; signal: string } {
  return {
    timeout: integerOf(request.query, 't', undefined),
    signal: request.query.get('signal') ?? '',
  };
}

/** Rows and columns of `?h=…&w=…`. */
export function terminalSize(request: ApiRequest): [number, number] {
  const rows = integerOf(request.query, 'h', undefined);
  const columns = integerOf(request.query, 'w', undefined);
  if (rows === undefined || columns === undefined) throw invalid('h and w are required');
  return [rows, columns];
}
