import { access, readdir } from 'node:fs/promises';
import { join, win32 } from 'node:path';
import type { Arch } from '../../core/arch.ts';
import { systemErrorCode } from '../../core/errors.ts';
import { readTextIfExists } from '../../platform/atomic-file.ts';
import type { PreflightFix } from '../driver.ts';
import type { QemuHost } from './host.ts';

/** What deciding on an installer looks at, so that tests can be another computer. */
export interface InstallerFacts {
  readonly platform: NodeJS.Platform;
  /** `ID` and `ID_LIKE` of /etc/os-release (os-release(5)), lower case; empty elsewhere. */
  readonly distribution: readonly string[];
  readonly hasCommand: (name: string) => Promise<boolean>;
  /** Whether `apt-get update` has ever run: a fresh container's or cloud image's lists are empty. */
  readonly hasAptLists: () => Promise<boolean>;
}

/** Debian's packages by guest. Without recommends there is no GUI, no UEFI firmware and no network boot: none is used. */
const APT_PACKAGES: Readonly<Record<Arch, string>> = { amd64: 'qemu-system-x86', arm64: 'qemu-system-arm' };

/** The one command that installs QEMU here, or undefined where Wherry knows none. */
export async function installQemu(host: QemuHost, arch: Arch): Promise<PreflightFix | undefined> {
  return chooseInstaller(await systemInstallerFacts(host), arch);
}

export async function chooseInstaller(facts: InstallerFacts, arch: Arch): Promise<PreflightFix | undefined> {
  if (facts.platform === 'win32') {
    if (await facts.hasCommand('winget')) {
      const id = 'SoftwareFreedomConservancy.QEMU';
      const agreed = ['--accept-package-agreements', '--accept-source-agreements'];
      return { argv: ['winget', 'install', '--id', id, '--exact', ...agreed], needsRoot: false };
    }
    if (await facts.hasCommand('scoop')) return { argv: ['scoop', 'install', 'qemu'], needsRoot: false };
    return undefined;
  }
  const isDebian = facts.distribution.some((name) => name === 'debian' || name === 'ubuntu');
  if (facts.platform === 'linux' && isDebian && (await facts.hasCommand('apt-get'))) {
    return {
      argv: ['apt-get', 'install', '-y', '--no-install-recommends', APT_PACKAGES[arch]],
      needsRoot: true,
      ...((await facts.hasAptLists()) ? {} : { before: [['apt-get', 'update']] }),
    };
  }
  if (await facts.hasCommand('brew')) return { argv: ['brew', 'install', 'qemu'], needsRoot: false };
  return undefined;
}

export async function systemInstallerFacts(host: QemuHost): Promise<InstallerFacts> {
  const release = host.platform === 'linux' ? await readTextIfExists('/etc/os-release') : undefined;
  return {
    platform: host.platform,
    distribution: distributionOf(release ?? ''),
    hasCommand: (name) => isOnPath(host, name),
    hasAptLists,
  };
}

/** os-release(5): shell assignments, values optionally quoted. */
export function distributionOf(osRelease: string): string[] {
  return [...osRelease.matchAll(/^(?:ID|ID_LIKE)=["']?([^"'\n]*)["']?$/gm)].flatMap((match) =>
    (match[1] ?? '').toLowerCase().split(/\s+/),
  );
}

async function hasAptLists(): Promise<boolean> {
  try {
    const names = await readdir('/var/lib/apt/lists');
    return names.some((name) => /_Packages(\.\w+)?$/.test(name));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function isOnPath(host: QemuHost, name: string): Promise<boolean> {
  const isWindows = host.platform === 'win32';
  const names = isWindows ? [`${name}.exe`, `${name}.cmd`] : [name];
  const directories = (host.env['PATH'] ?? host.env['Path'] ?? '').split(isWindows ? ';' : ':');
  for (const directory of directories.filter((entry) => entry !== '')) {
    for (const file of names) {
      try {
        await access(isWindows ? win32.join(directory, file) : join(directory, file));
        return true;
      } catch (error) {
        if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemErrorCode(error) ?? '')) throw error;
      }
    }
  }
  return false;
}
