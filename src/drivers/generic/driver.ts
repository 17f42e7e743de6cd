import { readFile } from 'node:fs/promises';
import { WherryError } from '../../core/errors.ts';
import type { Driver, MachineSpec, Prepared, RunningVm, VmStatus } from '../driver.ts';
import type { DriverContext } from '../module.ts';
import type { RemoteHost } from '../remote.ts';
import { archOf, judgeHost, parseFacts } from './host-facts.ts';
import { installService, startService } from './install.ts';
import { readPrivateKey } from './key-file.ts';
import { fingerprint, hostOf, requireHostKey, type GenericHost } from './options.ts';
import { whyUnreachable } from './reach.ts';
import { mustRunScript } from './scripts.ts';
import { uploadImage } from './upload.ts';

/**
 * Any Linux host by SSH, as docker-machine's driver of this name. The engine and all that it runs come from the image
 * that Wherry composes for VMs, mounted on the host as the root of one systemd service (vm-images/generic).
 */
export function createGenericDriver(context: Pick<DriverContext, 'connectRemote'>): Driver {
  const login = async (spec: MachineSpec, signal?: AbortSignal): Promise<RemoteHost> => {
    const { host, port, user } = hostOf(spec.options);
    if (spec.ssh === undefined) throw new Error('the machine has no SSH key');
    const privateKey = await readFile(spec.ssh.clientKey, 'utf8');
    const hostKey = hostKeyOf(spec);
    return connector(context)({ host, port, username: user, privateKey, hostKey }, signal);
  };

  return {
    name: 'generic',
    capabilities: {
      lifecycle: true,
      power: false,
      composedImage: true,
      foreignArch: true,
      ssh: true,
      hostForward: false,
      console: false,
    },
    preflight: () => Promise.resolve([]),
    async prepare({ name, options }, signal): Promise<Prepared> {
      const target = hostOf(options);
      const privateKey = await readPrivateKey(options['sshKey']);
      const credentials = { host: target.host, port: target.port, username: target.user, privateKey };
      const remote = await connector(context)({ ...credentials, hostKey: undefined }, signal);
      try {
        const pinned = options['sshHostKey'];
        if (typeof pinned === 'string') requireHostKey(pinned, remote.hostKey, target);
        const facts = parseFacts(await mustRunScript(remote, 'preflight', [], { user: target.user }));
        const findings = judgeHost(facts, { user: target.user, owner: name });
        const note = {
          level: 'note',
          subject: 'Host key',
          message: `Pinned the host key of ${target.host}: ${fingerprint(remote.hostKey)} (ssh-ed25519), as it was shown just now. To name it yourself: --generic-ssh-host-key`,
        } as const;
        const hostKey = Buffer.from(remote.hostKey).toString('base64');
        return {
          findings: typeof pinned === 'string' ? findings : [...findings, note],
          arch: archOf(facts) ?? 'amd64',
          options: { ...options, sshHostKey: `ssh-ed25519 ${hostKey}` },
          access: { privateKey, hostKey: remote.hostKey },
        };
      } finally {
        remote.close();
      }
    },
    async create(spec) {
      hostOf(spec.options);
    },
    async start(spec, options) {
      const { user } = hostOf(spec.options);
      await options.beforePowerOn?.({ accelerator: 'generic' });
      const remote = await login(spec, options.signal);
      try {
        await uploadImage(remote, spec.image, { user, owner: spec.name }, options.signal);
        await installService(remote, spec, user, options.signal);
        options.onLine({ event: 'ssh' });
        await startService(remote, spec, { user, timeoutMs: options.timeoutMs, onLine: options.onLine });
      } finally {
        remote.close();
      }
      return vmOf(hostOf(spec.options));
    },
    stop: unsupported('stop'),
    kill: unsupported('kill'),
    async remove(spec) {
      const remote = await login(spec);
      try {
        await mustRunScript(remote, 'remove', [spec.name], { user: hostOf(spec.options).user });
      } finally {
        remote.close();
      }
    },
    async status(spec): Promise<VmStatus> {
      const target = hostOf(spec.options);
      // docker-machine's driver takes a host that can't be reached for one that is switched off.
      return (await whyUnreachable(target)) === undefined
        ? { status: 'running', vm: vmOf(target) }
        : { status: 'stopped' };
    },
  };
}

/** Pinned at create, and in the machine's options since. */
function hostKeyOf(spec: MachineSpec): Uint8Array {
  const pinned = spec.options['sshHostKey'];
  const key = typeof pinned === 'string' ? pinned.split(' ')[1] : undefined;
  if (key === undefined) throw new Error(`no host key is pinned for "${spec.name}"`);
  return Buffer.from(key, 'base64');
}

function vmOf({ host, port, user }: GenericHost): RunningVm {
  return { sshHost: host, sshPort: port, sshUser: user, accelerator: 'generic' };
}

/** In docker-machine's words. */
function unsupported(verb: string): () => Promise<never> {
  return () =>
    Promise.reject(
      new WherryError({ code: 'NOT_SUPPORTED', message: `generic driver does not support ${verb}` }),
    );
}

function connector({ connectRemote }: Pick<DriverContext, 'connectRemote'>) {
  if (connectRemote !== undefined) return connectRemote;
  throw new WherryError({
    code: 'NO_SSH',
    message: 'the driver "generic" was made without a way to connect by SSH',
  });
}
