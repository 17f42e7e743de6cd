import { invalid } from '../../errors.ts';
import type { ContainerRecord } from '../model.ts';
import { withLogDefaults } from './options.ts';

/**
 * What `logs --details` puts before each line: the labels and variables that `--log-opt labels=…,env=…,tag=…` named,
 * as `key=value,…` with URL escapes, sorted (moby daemon/logger/loginfo.go, ExtraAttributes; logger.go, stringAttrs).
 */
export function logAttributes(record: ContainerRecord): string {
  const options = withLogDefaults(record.hostConfig.LogConfig).Config;
  const env = Object.fromEntries(
    record.config.Env.filter((entry) => entry.includes('=')).map((entry) => {
      const equals = entry.indexOf('=');
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
  const chosen = {
    ...select(record.config.Labels, options['labels'], options['labels-regex']),
    ...select(env, options['env'], options['env-regex']),
    ...(options['tag'] === undefined || options['tag'] === '' ? {} : { tag: tagOf(record, options['tag']) }),
  };
  return Object.entries(chosen)
    .map(([key, value]) => `${queryEscape(key)}=${queryEscape(value)}`)
    .sort()
    .join(',');
}

function select(
  values: Readonly<Record<string, string>>,
  names: string | undefined,
  pattern: string | undefined,
): Record<string, string> {
  const wanted = new Set((names ?? '').split(','));
  const regex = pattern === undefined || pattern === '' ? undefined : new RegExp(pattern);
  return Object.fromEntries(
    Object.entries(values).filter(([key]) => wanted.has(key) || regex?.test(key) === true),
  );
}

/** The fields of a container that a tag's template may name (Docker's documentation, "Customize log driver output"). */
const TAG_FIELDS: Readonly<Record<string, (record: ContainerRecord) => string>> = {
  ID: ({ id }) => id.slice(0, 12),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId }) => imageId.replace(/^sha256:/, '').slice(0, 12),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ config }) => config.Image,
  DaemonName: () => 'docker',
};

/** A tag with its fields filled in. @throws EngineError invalidParameter for anything else between the braces */
export function tagOf(record: ContainerRecord, template: string): string {
  return template.replaceAll(/\{\{\s*(.*?)\s*\}\}/g, (_whole, field: string) => {
    const name = field.replace(/^\./, '');
    const value = Object.hasOwn(TAG_FIELDS, name) ? TAG_FIELDS[name] : undefined;
    if (value === undefined || !field.startsWith('.')) {
      throw invalid(
        `failed to initialize logging driver: the tag's "{{${field}}}" is not a field that is known here`,
      );
    }
    return value(record);
  });
}

/** Go's url.QueryEscape: a space is a plus sign. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
