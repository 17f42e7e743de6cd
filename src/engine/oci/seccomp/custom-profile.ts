import { release } from 'node:os';
import * as z from 'zod';
import { invalid } from '../../errors.ts';
import type { OciSeccomp } from '../spec.ts';
import { ARCHITECTURES } from './default-profile.ts';

/** Made when it is first wanted: hardly any container brings a profile. */
function profileSchema() {
  /** The kernel takes 64 bits, of which a double holds 53: no mask of flags that profiles use is longer. */
  const argument = z.object({
    index: z.int().min(0).max(5),
    value: z.number().min(0).default(0),
    valueTwo: z.number().min(0).default(0),
    op: z.string(),
  });

  const condition = z
    .object({
      arches: z.array(z.string()).nullish(),
      caps: z.array(z.string()).nullish(),
      minKernel: z.string().nullish(),
    })
    .nullish();

  const rule = z.object({
    name: z.string().nullish(),
    names: z.array(z.string()).nullish(),
    action: z.string(),
    errnoRet: z.int().min(0).nullish(),
    args: z.array(argument).nullish(),
    includes: condition,
    excludes: condition,
  });

  return z.object({
    defaultAction: z.string().default(''),
    defaultErrnoRet: z.int().min(0).nullish(),
    architectures: z.array(z.string()).nullish(),
    archMap: z
      .array(z.object({ architecture: z.string(), subArchitectures: z.array(z.string()).nullish() }))
      .nullish(),
    flags: z.array(z.string()).nullish(),
    syscalls: z.array(rule).nullish(),
  });
}

/** A seccomp profile as Docker's users write it: the OCI's, with conditions (moby v28, profiles/seccomp). */
export type SeccompProfile = z.output<ReturnType<typeof profileSchema>>;
type Condition = NonNullable<SeccompProfile['syscalls']>[number]['includes'];

/** @throws EngineError invalidParameter `Decoding seccomp profile failed: …` */
export function parseProfile(text: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`Decoding seccomp profile failed: ${(error as Error).message}`, error);
  }
  const parsed = profileSchema().safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`Decoding seccomp profile failed: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  if (has(parsed.data.architectures) && has(parsed.data.archMap)) {
    throw invalid(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  for (const { name, names } of parsed.data.syscalls ?? []) {
    if (name && has(names)) {
      throw invalid(
        "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'",
      );
    }
  }
  return parsed.data;
}

const has = (list: readonly unknown[] | null | undefined): boolean => (list ?? []).length > 0;

export interface ProfileSetting {
  readonly arch: 'amd64' | 'arm64';
  /** The container's, `CAP_…`. */
  readonly capabilities: readonly string[];
  /** Like uname's: `6.12.41+deb13`; the running one's by default. */
  readonly kernel?: string;
}

/**
 * The filter that a profile means for one container. A profile that says nothing at all is none.
 * runtime-spec v1.2, config-linux.md#seccomp.
 */
export function seccompFrom(wanted: SeccompProfile, setting: ProfileSetting): OciSeccomp | undefined {
  if (wanted.defaultAction === '' && !has(wanted.syscalls)) return undefined;
  const applying = (wanted.syscalls ?? []).filter(
    ({ includes, excludes }) => isIncluded(includes, setting) && !isExcluded(excludes, setting),
  );
  return {
    defaultAction: wanted.defaultAction,
    ...(typeof wanted.defaultErrnoRet === 'number' ? { defaultErrnoRet: wanted.defaultErrnoRet } : {}),
    architectures: architecturesOf(wanted, setting.arch),
    ...(has(wanted.flags) ? { flags: wanted.flags ?? [] } : {}),
    syscalls: applying.map(({ name, names, action, errnoRet, args }) => ({
      names: name ? [name] : (names ?? []),
      action,
      ...(typeof errnoRet === 'number' ? { errnoRet } : {}),
      ...(has(args) ? { args: args ?? [] } : {}),
    })),
  };
}

function architecturesOf(wanted: SeccompProfile, arch: ProfileSetting['arch']): string[] {
  const [native = ''] = ARCHITECTURES[arch];
  const mapped = (wanted.archMap ?? []).find(({ architecture }) => architecture === native);
  if (mapped !== undefined) return [native, ...(mapped.subArchitectures ?? [])];
  return wanted.architectures ?? [];
}

function isIncluded(when: Condition, { arch, capabilities, kernel = release() }: ProfileSetting): boolean {
  const { arches, caps, minKernel } = when ?? {};
  if (has(arches) && arches?.includes(arch) !== true) return false;
  if (caps?.some((name) => !capabilities.includes(name)) === true) return false;
  return !minKernel || isAtLeast(kernel, minKernel);
}

function isExcluded(when: Condition, { arch, capabilities, kernel = release() }: ProfileSetting): boolean {
  const { arches, caps, minKernel } = when ?? {};
  if (arches?.includes(arch) === true) return true;
  if (caps?.some((name) => capabilities.includes(name)) === true) return true;
  return Boolean(minKernel) && isAtLeast(kernel, minKernel ?? '');
}

function isAtLeast(kernel: string, wanted: string): boolean {
  const [own, least] = [kernel, wanted].map((version) =>
    version.split('.', 2).map((part) => parseInt(part, 10)),
  );
  const [major = 0, minor = 0] = own ?? [];
  const [leastMajor = 0, leastMinor = 0] = least ?? [];
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
