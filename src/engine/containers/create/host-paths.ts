import * as z from 'zod';
import { isHostPath, splitSource } from '../../../core/host-path.ts';
import type { HostShares } from '../../shares/contract.ts';
import { isMode } from '../mounts/mode.ts';

const bindFields = z.looseObject({
  HostConfig: z
    .looseObject({
      Binds: z.array(z.string()).nullish(),
      Mounts: z
        .array(
          z.looseObject({
            Type: z.string().optional(),
            Source: z.string().nullish(),
            BindOptions: z.looseObject({ CreateMountpoint: z.boolean().nullish() }).nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
});

/**
 * Has what a container is to get of the user's computer mounted in the VM, before anything of the container is made.
 *
 * @param engineSockets what stands for the engine's own socket, which is in the VM
 * @throws EngineError invalidParameter for what isn't shared, so that Docker's clients exit with 125
 */
export async function shareHostPaths(
  body: unknown,
  engineSockets: readonly string[],
  shares: HostShares,
): Promise<void> {
  const parsed = bindFields.safeParse(body);
  if (!parsed.success) return; // The shape is judged where the body is parsed as a whole.
  const host = parsed.data.HostConfig;
  const wanted = [
    ...(host?.Binds ?? []).map((bind) => ({ source: sourceOfBind(bind), create: true })),
    ...(host?.Mounts ?? [])
      .filter(({ Type }) => Type === 'bind')
      .map(({ Source, BindOptions }) => ({
        source: Source ?? '',
        create: BindOptions?.CreateMountpoint === true,
      })),
  ];
  for (const { source, create } of wanted) {
    if (isHostPath(source) && !engineSockets.includes(source)) await shares.share(source, create);
  }
}

/** `C:\work:/work` → `C:\work`; `data:/data:ro` → `data`; `/data`, a place for an anonymous volume → nothing. */
function sourceOfBind(bind: string): string {
  const [source, rest] = splitSource(bind);
  if (rest === undefined) return bind.startsWith('/') ? '' : bind;
  return isMode(rest) ? '' : source; // No source: found wrong where it is parsed.
}
