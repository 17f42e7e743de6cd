import { invalidArgument } from './invalid-argument.ts';

export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

/**
 * `--device PATH[:PATH_IN_CONTAINER][:rwm]`; paths are the machine's, not this computer's.
 *
 * @throws WherryError in docker's words (docker/cli v28, cli/command/container/opts.go)
 */
export function parseDevice(text: string): DeviceMapping {
  const refuse = (reason: string): never => {
    throw invalidArgument(text, '--device', reason);
  };
  const [source = '', ...rest] = text.split(':');
  if (rest.length > 2) refuse(`bad format for path: ${text}`);
  let [target = source, access = 'rwm'] = rest;
  if (rest.length === 1 && isAccess(target)) [target, access] = [source, target];
  if (!source.startsWith('/')) refuse(`${source} is not an absolute path`);
  if (!target.startsWith('/')) refuse(`${target} is not an absolute path`);
  if (!isAccess(access)) refuse(`bad mode specified: ${access}`);
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: access };
}

const isAccess = (text: string): boolean => /^[rwm]+$/.test(text) && new Set(text).size === text.length;
