import type { HostConfig } from '../../../protocol/docker/container-config.ts';
import { invalid } from '../../errors.ts';
import { effectiveCapabilities } from '../../oci/capabilities.ts';
import { parseDeviceRule } from '../../oci/devices.ts';
import { parseSecurityOptions } from '../../oci/security-options.ts';

/**
 * What can be found wrong with a container's privileges before it is started. Moby finds some of it at the start.
 *
 * @returns warnings
 * @throws EngineError invalidParameter in moby's words
 */
export function checkSecurity(host: HostConfig): string[] {
  effectiveCapabilities(host.CapAdd, host.CapDrop);
  host.DeviceCgroupRules.forEach(parseDeviceRule);
  for (const { CgroupPermissions: access, PathOnHost: path } of host.Devices) {
    if (!/^[rwm]*$/.test(access)) throw invalid(`invalid device mode "${access}" of "${path}"`);
  }
  const [request] = host.DeviceRequests;
  if (request !== undefined) {
    const sets = request.Capabilities.map((names) => `[${names.join(' ')}]`).join(' ');
    throw invalid(
      `could not select device driver ${JSON.stringify(request.Driver)} with capabilities: [${sets}]`,
    );
  }
  const { apparmor } = parseSecurityOptions(host.SecurityOpt);
  // Moby says nothing where the kernel lacks AppArmor. The VM has no profiles, so nothing would confine the container.
  return ['', 'unconfined'].includes(apparmor)
    ? []
    : [`The VM does not have AppArmor profiles. The profile "${apparmor}" is discarded.`];
}
