import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { systemErrorCode, WherryError } from '../../core/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../../platform/atomic-file.ts';

const entry = z.looseObject({
  /** base64 of `name:password`. */
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
const known = z.looseObject({
  auths: z.record(z.string(), entry).nullish(),
  credsStore: z.string().nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
});

export type AuthEntry = z.infer<typeof entry>;

/** docker's configuration file, `config.json`. Keys that concern others are kept as they are. */
export interface DockerConfig {
  readonly path: string;
  readonly auths: Readonly<Record<string, AuthEntry>>;
  readonly credsStore: string | undefined;
  readonly credHelpers: Readonly<Record<string, string>>;
  /** The whole of it. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** `DOCKER_CONFIG`, or `~/.docker`. */
export function dockerConfigPath(env: NodeJS.ProcessEnv, home: string): string {
  return join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json');
}

/** @throws WherryError DOCKER_CONFIG_BROKEN; what is in the file is not in the message */
export async function readDockerConfig(path: string): Promise<DockerConfig> {
  const text = (await readTextIfExists(path)) ?? '';
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw broken(path, 'it is not JSON');
  }
  const parsed = known.safeParse(value);
  if (!parsed.success) throw broken(path, `${parsed.error.issues[0]?.path.join('.')} has the wrong type`);
  const { auths, credsStore, credHelpers } = parsed.data;
  return {
    path,
    auths: auths ?? {},
    credsStore: credsStore || undefined,
    credHelpers: credHelpers ?? {},
    raw: value as Record<string, unknown>,
  };
}

/** Replaces the file, owner-only; a symbolic link to it stays one. */
export async function writeDockerConfig(
  config: DockerConfig,
  changes: {
    readonly auths?: Record<string, AuthEntry>;
    readonly credsStore?: string | undefined;
    readonly currentContext?: string;
  },
): Promise<void> {
  await mkdir(dirname(config.path), { recursive: true, mode: 0o700 });
  const target = await realpath(config.path).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return config.path;
    throw error;
  });
  // Tabs, as docker writes it: the file is in many people's dotfiles.
  await writeFileAtomic(target, JSON.stringify({ ...config.raw, ...changes }, undefined, '\t'), 0o600);
}

function broken(path: string, why: string): WherryError {
  return new WherryError({
    code: 'DOCKER_CONFIG_BROKEN',
    message: `Error loading config file: ${path}: ${why}`,
    bare: true,
  });
}
