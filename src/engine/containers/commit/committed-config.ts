import { containerConfig } from '../../../protocol/docker/container-config.ts';
import type { ContainerConfig } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';
import { applyChanges } from '../../images/change/apply-changes.ts';
import type { ChangedConfig } from '../../images/change/apply-changes.ts';
import type { ImageConfig } from '../../images/manifest.ts';
import { mergeConfig } from '../create/merge-config.ts';
import type { ContainerRecord } from '../model.ts';

/**
 * The `config` of an image made of a container: what the request says, changed by its instructions, on top of the
 * container's own (moby daemon/commit.go).
 *
 * @param body ContainerConfig of the Engine API; undefined: nothing is said
 * @throws EngineError invalidParameter
 */
export function committedConfig(
  record: ContainerRecord,
  body: unknown,
  changes: readonly string[],
): Record<string, unknown> {
  const changed = applyChanges(read(body) as ChangedConfig, changes);
  const merged = mergeConfig(read(changed), {
    ...record.config,
    Healthcheck: record.config.Healthcheck ?? undefined,
  });
  const always = { Env: merged.Env, Entrypoint: merged.Entrypoint, Cmd: merged.Cmd };
  const wherever = {
    User: merged.User,
    WorkingDir: merged.WorkingDir,
    StopSignal: merged.StopSignal,
    ExposedPorts: merged.ExposedPorts,
    Volumes: merged.Volumes,
    Labels: merged.Labels,
    Healthcheck: merged.Healthcheck,
    OnBuild: changed.OnBuild ?? [],
    Shell: merged.Shell,
  };
  const said = Object.entries(wherever).filter(([, value]) => !isEmpty(value));
  return { ...always, ...Object.fromEntries(said) };
}

function read(value: unknown): ContainerConfig {
  const parsed = containerConfig.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw invalid(`invalid config: ${parsed.error.issues[0]?.message ?? ''}`, parsed.error);
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);

export interface CommitNote {
  readonly author: string;
  readonly comment: string;
}

/** The whole config of the new image: its parent's layers and history with the container's after them. */
export function committedImage(
  record: ContainerRecord,
  config: Record<string, unknown>,
  { author, comment }: CommitNote,
) {
  return (diffId: string | undefined, parent: ImageConfig | undefined): object => {
    const created = new Date().toISOString();
    const notes = { ...(author === '' ? {} : { author }), ...(comment === '' ? {} : { comment }) };
    const step = {
      created,
      created_by: (record.config.Cmd ?? []).join(' '),
      ...notes,
      ...(diffId === undefined ? { empty_layer: true } : {}),
    };
    return {
      architecture: parent?.architecture ?? '',
      ...(parent?.variant ? { variant: parent.variant } : {}),
      os: parent?.os || 'linux',
      ...notes,
      created,
      container: record.id,
      container_config: record.config,
      config,
      rootfs: {
        type: 'layers',
        diff_ids: [...(parent?.rootfs.diff_ids ?? []), ...(diffId === undefined ? [] : [diffId])],
      },
      history: [...(parent?.history ?? []), step],
    };
  };
}
