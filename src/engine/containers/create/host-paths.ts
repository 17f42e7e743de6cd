import * as z from 'zod';
import { invalid } from '../../errors.ts';
import { isMode } from '../mounts/mode.ts';

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
 * @param engineSockets what stands for the engine's own socket, which is in the VM
 * @throws EngineError invalidParameter, so that Docker's clients exit with 125
 */
export function refuseHostPaths(body: unknown, engineSockets: readonly string[]): void {
  const parsed = bindFields.safeParse(body);
  if (!parsed.success) return; // The shape is judged where the body is parsed as a whole.
  const host = parsed.data.HostConfig;
  const sources = [
    ...(host?.Binds ?? []).map(sourceOfBind),
    ...(host?.Mounts ?? []).filter(({ Type }) => Type === 'bind').map(({ Source }) => Source ?? ''),
  ];
  const path = sources.find((source) => isHostPath(source) && !engineSockets.includes(source));
  if (path !== undefined) {
    throw invalid(
      `invalid mount config: "${path}" is a path on your computer, and sharing folders with the machine is not available yet: nothing was mounted`,
    );
  }
}

/** `C:\work:/work` → `C:\work`; `data:/data:ro` → `data`; `/data`, a place for an anonymous volume → nothing. */
function sourceOfBind(bind: string): string {
  const [, mode, ...more] = bind.split(':');
  if (mode !== undefined && more.length === 0 && isMode(mode)) return ''; // No source: found wrong where it is parsed.
  const drive = /^[A-Za-z]:[\\/].*:/.test(bind) ? 2 : 0;
  const colon = bind.indexOf(':', drive);
  if (colon < 0) return bind.startsWith('/') ? '' : bind;
  return bind.slice(0, colon);
}

function isHostPath(source: string): boolean {
  return /^(?:[/\\.~]|[A-Za-z]:[\\/])/.test(source);
}
