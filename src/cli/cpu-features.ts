import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { messageOf } from '../core/errors.ts';

export interface HostCpu {
  readonly model: string;
  /** Names of the features found, e.g. `avx2`, `aes`. Empty with the fallback. */
  readonly features: readonly string[];
  /** `cpu-features`, or `fallback` with the reason why the native module isn't there. */
  readonly source: 'cpu-features' | 'fallback';
  readonly reason?: string | undefined;
}

interface CpuFeatures {
  (): { readonly brand?: string; readonly flags: Readonly<Record<string, boolean>> };
}

/** This computer's processor, by the optional native module `cpu-features`, else by what Node knows. */
export function hostCpu(load: (name: string) => unknown = createRequire(import.meta.url)): HostCpu {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  try {
    const found = (load('cpu-features') as CpuFeatures)();
    const features = Object.entries(found.flags).flatMap(([name, present]) => (present ? [name] : []));
    return { model: found.brand?.trim() || model, features, source: 'cpu-features' };
  } catch (error) {
    return { model, features: [], source: 'fallback', reason: messageOf(error) };
  }
}
