import * as z from 'zod';
import { hostConfig } from '../../protocol/docker/container-config.ts';
import type { HostConfig } from '../../protocol/docker/container-config.ts';
import { EngineError, conflict, invalid } from '../errors.ts';
import { publish } from './context.ts';
import type { ContainersContext } from './context.ts';
import { refuseUnbuiltUpdates } from './create/fields.ts';
import { changeLimits } from './limits/apply.ts';
import { settleLimits } from './limits/settle.ts';
import { mergeLimits } from './limits/update.ts';
import type { LimitsUpdate } from './limits/update.ts';
import type { ContainerEntry } from './registry.ts';
import { checkRestartPolicy, restartsAtAll } from './lifecycle/restart-policy.ts';

/** Unlike in a create request, no PidsLimit is not "no limit". */
const updateBody = hostConfig.extend({ PidsLimit: z.int().nullish() });

/**
 * Changes a container, running or not, as `POST /containers/{id}/update` asks; what its body leaves empty stays as it
 * is.
 *
 * @returns warnings
 * @throws EngineError notImplemented naming the field, invalidParameter, conflict
 */
export async function updateContainer(
  context: ContainersContext,
  entry: ContainerEntry,
  body: unknown,
): Promise<readonly string[]> {
  if (typeof body !== 'object' || body === null)
    throw invalid('invalid JSON: got EOF while reading request body');
  refuseUnbuiltUpdates({ ...body });
  const parsed = updateBody.safeParse(body);
  if (!parsed.success) throw invalid(`invalid update configuration: ${parsed.error.message}`);
  const { limits, warnings } = settleLimits(parsed.data, true);
  await entry.exclusively(async () => {
    if (entry.removing)
      throw cannotUpdate(entry, conflict('container is marked for removal and cannot be "update"'));
    const before = entry.record.hostConfig;
    const after = {
      ...limitsAfter(entry, limits),
      ...restartFields(entry, parsed.data.RestartPolicy),
    };
    const change = (from: HostConfig, to: HostConfig): void => {
      if (entry.state.status === 'running') changeLimits(context, entry.id, from, to);
      entry.record.hostConfig = to;
    };
    change(before, after);
    try {
      await context.store.save(entry.record);
    } catch (error) {
      change(after, before);
      throw error;
    }
    publish(context, entry, 'update');
  });
  return warnings;
}

function limitsAfter(entry: ContainerEntry, update: LimitsUpdate): HostConfig {
  try {
    return mergeLimits(entry.record.hostConfig, update);
  } catch (error) {
    throw error instanceof EngineError ? cannotUpdate(entry, error) : error;
  }
}

function restartFields(
  entry: ContainerEntry,
  policy: HostConfig['RestartPolicy'],
): Partial<Pick<HostConfig, 'RestartPolicy'>> {
  if (policy.Name === '') return {};
  if (entry.record.hostConfig.AutoRemove && restartsAtAll(policy)) {
    throw cannotUpdate(
      entry,
      conflict('Restart policy cannot be updated because AutoRemove is enabled for the container'),
    );
  }
  return { RestartPolicy: checkRestartPolicy(policy, false) };
}

function cannotUpdate(entry: ContainerEntry, cause: EngineError): EngineError {
  return new EngineError(cause.kind, `Cannot update container ${entry.id}: ${cause.message}`, cause);
}
