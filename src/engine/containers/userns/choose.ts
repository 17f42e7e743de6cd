import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { invalid, notImplemented } from '../../errors.ts';
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
  const sharing = Object.entries({
    NetworkMode: host.NetworkMode,
    PidMode: host.PidMode,
    IpcMode: host.IpcMode,
  });
  const [field] = sharing.find(([, value]) => containerOf(value) !== undefined) ?? [];
  if (field !== undefined) {
    throw notImplemented(
      `HostConfig.${field} "container:…" with user ids of its own is not implemented yet: use --userns=host`,
    );
  }
  return true;
}
