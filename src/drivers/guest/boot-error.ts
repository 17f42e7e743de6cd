import { WherryError } from '../../core/errors.ts';
import type { ReadinessEvent } from '../../protocol/boot/readiness.ts';
import type { MachineSpec } from '../driver.ts';
import { lastLines } from './console-log.ts';

/** What a boot waits for, in order; the step before the first line is the kernel's. */
const NEXT: Readonly<Partial<Record<ReadinessEvent, string>>> = { booted: 'ssh', ssh: 'engine' };

const QUOTED_LINES = 8;

/** How a boot ended that didn't succeed. */
export type BootFailure =
  | { readonly kind: 'timeout'; readonly timeoutMs: number }
  | { readonly kind: 'unit'; readonly unit: string; readonly message: string }
  | { readonly kind: 'exit'; readonly how: string };

/** `"NAME" did not boot: …`, with the console's last lines as the hint. */
export async function bootError(
  spec: MachineSpec,
  failure: BootFailure,
  lastEvent: ReadinessEvent | undefined,
): Promise<WherryError> {
  const quoted = await lastLines(spec.consoleLog, QUOTED_LINES);
  const console =
    quoted.length === 0 ? [] : ["The console's last lines:", ...quoted.map((line) => `  ${line}`)];
  return new WherryError({
    code: 'BOOT_FAILED',
    message: `"${spec.name}" did not boot: ${reason(failure, lastEvent)} (last step: ${lastEvent ?? 'kernel'})`,
    hint: [...console, `The whole console:  wherry machine logs ${spec.name}`].join('\n'),
  });
}

function reason(failure: BootFailure, lastEvent: ReadinessEvent | undefined): string {
  if (failure.kind === 'unit') return `${failure.unit}: ${failure.message}`;
  if (failure.kind === 'exit') return failure.how;
  const awaited = lastEvent === undefined ? undefined : NEXT[lastEvent];
  const what = awaited === undefined ? 'readiness line' : `"${awaited}" line`;
  return `no ${what} from the guest within ${Math.round(failure.timeoutMs / 1000)} s`;
}
