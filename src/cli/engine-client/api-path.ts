const encode = (value: string): string => value.split('/').map(encodeURIComponent).join('/');

/**
 * A path of the engine's API: apiPath`/containers/${name}/json`. Values are percent-encoded, but for the slashes that
 * image names have.
 */
export function apiPath(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.map((part, at) => `${part}${encode(values[at] ?? '')}`).join('');
}
