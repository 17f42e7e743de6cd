import { WherryError } from '../../core/errors.ts';
import { domainOf } from '../registry/server-address.ts';

/** `busybox` → `busybox:latest`; a digest or a tag stays. */
export function withDefaultTag(reference: string): string {
  const lastPart = reference.slice(reference.lastIndexOf('/') + 1);
  return lastPart.includes(':') || reference.includes('@') ? reference : `${reference}:latest`;
}

/** `name@digest` keeps its digest as the tag parameter, as docker's own client sends it. */
export function splitTag(reference: string): [string, string] {
  const at = reference.indexOf('@');
  if (at !== -1) return [reference.slice(0, at), reference.slice(at + 1)];
  const colon = reference.lastIndexOf(':');
  if (colon === -1)
    throw new WherryError({ code: 'USAGE', message: `invalid reference format: ${reference}` });
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}

/** With the registry's domain, as docker prints what it pulled or pushed. */
export function canonicalName(reference: string): string {
  if (domainOf(reference) !== '') return reference;
  return `docker.io/${reference.includes('/') ? '' : 'library/'}${reference}`;
}
