import { z } from 'zod';
import { invalid } from '../errors.ts';

const bindFields = z.looseObject({
  HostConfig: z
    .looseObject({
      Binds: z.array(z.string()).nullish(),
      Mounts: z.array(z.looseObject({ Type: z.string().optional(), Source: z.string().nullish() })).nullish(),
    })
    .nullish(),
});

/**
 * Refuses to mount folders of the user's computer: the engine sees the VM's filesystem, not theirs, and an empty
 * directory made in the VM in its place would look like lost files.
 *
 * @throws EngineError invalidParameter, so that Docker's clients exit with 125
 */
export function refuseHostPaths(body: unknown): void {
  const parsed = bindFields.safeParse(body);
  if (!parsed.success) return; // The shape is judged where the body is parsed as a whole.
  const host = parsed.data.HostConfig;
  const sources = [
    ...(host?.Binds ?? []).map(sourceOfBind),
    ...(host?.Mounts ?? []).filter(({ Type }) => Type === 'bind').map(({ Source }) => Source ?? ''),
  ];
  const path = sources.find(isHostPath);
  if (path !== undefined) {
    throw invalid(
      `invalid mount config: "${path}" is a path on your computer, and sharing folders with the machine is not available yet: nothing was mounted`,
    );
  }
}

/** `C:\work:/work` → `C:\work`; `data:/data:ro` → `data`. */
function sourceOfBind(bind: string): string {
  const drive = /^[A-Za-z]:[\\/]/.test(bind) ? 2 : 0;
  const colon = bind.indexOf(':', drive);
  return colon < 0 ? bind : bind.slice(0, colon);
}

function isHostPath(source: string): boolean {
  return /^(?:[/\\.~]|[A-Za-z]:[\\/])/.test(source);
}
