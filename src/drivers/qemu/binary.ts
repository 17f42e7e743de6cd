import { access, constants } from 'node:fs/promises';
import { posix, win32 } from 'node:path';
import type { Arch } from '../../core/arch.ts';
import { systemErrorCode, WherryError } from '../../core/errors.ts';
import type { QemuHost } from './host.ts';
import { parseQemuVersion, type QemuVersion } from './version.ts';

export interface QemuBinary {
  readonly path: string;
  readonly version: QemuVersion;
}

const PROGRAMS: Readonly<Record<Arch, string>> = {
  amd64: 'qemu-system-x86_64',
  arm64: 'qemu-system-aarch64',
};

/** Where installers put QEMU without every session's PATH knowing of it. */
const USUAL_PLACES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['/opt/homebrew/bin', '/usr/local/bin', '/opt/local/bin'],
  linux: ['/usr/bin', '/usr/local/bin', '/home/linuxbrew/.linuxbrew/bin'],
  win32: ['C:\\Program Files\\qemu', 'C:\\Program Files (x86)\\qemu'],
};
/**
 * Finds and asks QEMU: the machine's own setting, then `WHERRY_QEMU` (a program, or a directory of them), PATH, the
 * usual places. Errors: `QEMU_MISSING`, `QEMU_UNUSABLE`.
 */
export async function findQemu(host: QemuHost, arch: Arch, setting?: string): Promise<QemuBinary> {
  for (const path of candidates(host, arch, setting)) {
    if (await isExecutable(path)) return { path, version: await versionOf(host, path) };
  }
  throw qemuMissing(host, arch, setting);
}

/** Every path that is looked at, in order. A setting that names a program is the only one: it was meant. */
export function candidates(host: QemuHost, arch: Arch, setting?: string): string[] {
  const isWindows = host.platform === 'win32';
  const file = isWindows ? `${PROGRAMS[arch]}.exe` : PROGRAMS[arch];
  const path = isWindows ? win32 : posix;
  if (setting !== undefined) return [setting];
  const override = host.env['WHERRY_QEMU'];
  if (override !== undefined && override !== '') {
    // Of a program only the directory counts: one value serves guests of both architectures.
    const isProgram = /qemu-system-[\w-]+(\.exe)?$/.test(override);
    return [path.join(isProgram ? path.dirname(override) : override, file)];
  }
  const onPath = (host.env['PATH'] ?? host.env['Path'] ?? '').split(isWindows ? ';' : ':');
  const scoop = host.env['USERPROFILE'];
  const places = [
    ...onPath.filter((directory) => directory !== ''),
    ...(USUAL_PLACES[host.platform] ?? []),
    ...(isWindows && scoop !== undefined ? [path.join(scoop, 'scoop', 'apps', 'qemu', 'current')] : []),
  ];
  return [...new Set(places)].map((directory) => path.join(directory, file));
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR', 'EPERM'].includes(systemErrorCode(error) ?? '')) return false;
    throw error;
  }
}

async function versionOf(host: QemuHost, path: string): Promise<QemuVersion> {
  const result = await host.exec.run([path, '--version'], { timeoutMs: 20_000 });
  const version = result.exitCode === 0 ? parseQemuVersion(result.stdout) : undefined;
  if (version !== undefined) return version;
  const said = (result.stderr || result.stdout).trim().split('\n').at(-1) ?? '';
  throw new WherryError({
    code: 'QEMU_UNUSABLE',
    message: `${path} does not say its version${said === '' ? '' : `: ${said}`}`,
    hint: `Try it:  ${path} --version`,
  });
}

function qemuMissing(host: QemuHost, arch: Arch, setting: string | undefined): WherryError {
  const override = setting ?? host.env['WHERRY_QEMU'];
  const where =
    override !== undefined && override !== ''
      ? `looked for ${candidates(host, arch, setting).join(', ')}`
      : `looked for ${PROGRAMS[arch]} on PATH and in ${(USUAL_PLACES[host.platform] ?? []).join(', ')}`;
  return new WherryError({
    code: 'QEMU_MISSING',
    message: `QEMU is not installed (${where})`,
    hint: 'See what this computer lacks:  wherry doctor',
  });
}
