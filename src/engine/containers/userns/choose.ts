import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';
import type { ContainerRecord } from '../model.ts';
import { containerOf } from '../namespaces/modes.ts';

type Wishes = Pick<HostConfig, 'UsernsMode' | 'Privileged' | 'NetworkMode' | 'PidMode' | 'IpcMode'>;

/**
 * Whether a container gets user ids of its own. Docker has the choice for all containers of an engine
 * (`userns-remap`) with `--userns=host` as the way out; `auto` is podman's word for a range of its own each.
 *
 * @param machine what the machine's configuration says of containers that don't say anything
 * @throws EngineError invalidParameter, in moby's words where it has any (daemon/daemon_unix.go)
 */
export function hasOwnUsers(host: Wishes, machine: 'host' | 'auto'): boolean {
  const mode = host.UsernsMode;
  if (!['', 'host', 'auto'].includes(mode)) throw invalid(`invalid USER mode: ${mode}`);
  if ((mode || machine) === 'host') return false;
  if (host.Privileged) {
    throw invalid(
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
    );
  }
  if (host.NetworkMode === 'host') {
    throw invalid("cannot share the host's network namespace when user namespaces are enabled");
  }
  if (host.PidMode === 'host') {
    throw invalid('cannot share the host PID namespace when user namespaces are enabled');
  }
  return true;
}

/**
 * The container whose user namespace another one has to be in, because it shares namespaces that belong to it.
 *
 * @param find a container by its reference; undefined: it isn't there
 * @throws EngineError invalidParameter for two that have different ones
 */
export function userDonor<T extends Pick<ContainerRecord, 'id' | 'idRange'>>(
  host: Wishes,
  find: (reference: string) => T | undefined,
): T | undefined {
  const donors = [host.NetworkMode, host.PidMode, host.IpcMode].flatMap((mode) => {
    const reference = containerOf(mode);
    const donor = reference === undefined ? undefined : find(reference);
    return donor === undefined ? [] : [donor];
  });
  const [first, ...others] = donors;
  if (first !== undefined && first.idRange === undefined && host.UsernsMode === 'auto') {
    throw invalid('cannot share namespaces of a container that has no user namespace: use --userns=host');
  }
  if (others.some(({ idRange }) => idRange?.first !== first?.idRange?.first)) {
    throw invalid('cannot share namespaces of containers that have different user namespaces');
  }
  return first;
}
