import { expect } from 'chai';
import { WherryError } from '../../../src/core/errors.ts';
import type { PreflightFix } from '../../../src/drivers/driver.ts';
import { installFix } from '../../../src/drivers/install-fix.ts';
import { chooseInstaller, distributionOf, type InstallerFacts } from '../../../src/drivers/qemu/install.ts';
import type { Exec, ExecResult } from '../../../src/platform/exec.ts';
import { codeOf } from './support.ts';

function facts(change: Partial<InstallerFacts>, ...commands: string[]): InstallerFacts {
  return {
    platform: 'linux',
    distribution: [],
    hasCommand: (name) => Promise.resolve(commands.includes(name)),
    hasAptLists: () => Promise.resolve(true),
    ...change,
  };
}

describe('the one command that installs QEMU', () => {
  const cases: [string, InstallerFacts, 'amd64' | 'arm64', string | undefined][] = [
    [
      'Debian',
      facts({ distribution: ['debian'] }, 'apt-get'),
      'amd64',
      'apt-get install -y --no-install-recommends qemu-system-x86',
    ],
    [
      'Mint, for an arm64 guest',
      facts({ distribution: ['linuxmint', 'ubuntu', 'debian'] }, 'apt-get', 'brew'),
      'arm64',
      'apt-get install -y --no-install-recommends qemu-system-arm',
    ],
    ['macOS', facts({ platform: 'darwin' }, 'brew'), 'arm64', 'brew install qemu'],
    ['Fedora with Homebrew', facts({ distribution: ['fedora'] }, 'brew'), 'amd64', 'brew install qemu'],
    [
      'Windows',
      facts({ platform: 'win32' }, 'winget', 'scoop'),
      'amd64',
      'winget install --id SoftwareFreedomConservancy.QEMU --exact --accept-package-agreements --accept-source-agreements',
    ],
    ['Windows with scoop alone', facts({ platform: 'win32' }, 'scoop'), 'amd64', 'scoop install qemu'],
    ['a system we do not know', facts({ distribution: ['void'] }), 'amd64', undefined],
  ];
  for (const [name, given, arch, expected] of cases) {
    it(`on ${name}`, async () => {
      expect((await chooseInstaller(given, arch))?.argv.join(' ')).to.equal(expected);
    });
  }

  it('fetches apt’s lists first where there are none', async () => {
    const debian = { distribution: ['debian'], hasAptLists: () => Promise.resolve(false) };
    expect(await chooseInstaller(facts(debian, 'apt-get'), 'amd64')).to.deep.include({
      needsRoot: true,
      before: [['apt-get', 'update']],
    });
  });

  it('knows a distribution by os-release', () => {
    expect(distributionOf('NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n')).to.deep.equal([
      'linuxmint',
      'ubuntu',
      'debian',
    ]);
  });
});

function refuse(): never {
  throw new Error('not expected here');
}

const agree = (): Promise<boolean> => Promise.resolve(true);

/** Records what would be run; the first command whose words contain `failing` fails. */
function recorder(failure?: { failing: string; error: WherryError }): { exec: Exec; ran: string[] } {
  const ran: string[] = [];
  const check = (argv: readonly string[]): Promise<ExecResult> => {
    const command = argv.join(' ');
    ran.push(command);
    if (failure !== undefined && command.includes(failure.failing)) return Promise.reject(failure.error);
    return Promise.resolve({ exitCode: 0, signal: undefined, timedOut: false, stdout: '', stderr: '' });
  };
  return { exec: { check, run: refuse, spawnDetached: refuse }, ran };
}

describe('installFix', () => {
  const APT: PreflightFix = {
    argv: ['apt-get', 'install', '-y', 'qemu'],
    needsRoot: true,
    before: [['apt-get', 'update']],
  };

  it('asks with the command as typed, and runs nothing without consent', async () => {
    const { exec, ran } = recorder();
    const asked: string[] = [];
    const consent = (command: string): Promise<boolean> => Promise.resolve(asked.push(command) === 0);
    expect(await installFix(APT, { consent, exec, uid: 1000 })).to.equal(false);
    expect(asked).to.deep.equal(['sudo apt-get install -y qemu']);
    expect(ran).to.deep.equal([]);
  });

  it('goes through sudo unless it is root', async () => {
    for (const [uid, prefix] of [
      [1000, 'sudo '],
      [0, ''],
    ] as const) {
      const { exec, ran } = recorder();
      expect(await installFix(APT, { consent: agree, exec, uid })).to.equal(true);
      expect(ran).to.deep.equal([`${prefix}apt-get update`, `${prefix}apt-get install -y qemu`]);
    }
  });

  it('says what failed, and what to type where there is no sudo', async () => {
    const failed = recorder({
      failing: 'install',
      error: new WherryError({ code: 'COMMAND_FAILED', message: 'sudo failed with status 100: no network' }),
    });
    expect(await codeOf(installFix(APT, { consent: agree, exec: failed.exec, uid: 1000 }))).to.equal(
      'INSTALL_FAILED: installing did not work: sudo failed with status 100: no network',
    );
    const noSudo = recorder({
      failing: 'sudo',
      error: new WherryError({ code: 'EXEC_NOT_FOUND', message: 'sudo was not found' }),
    });
    expect(await codeOf(installFix(APT, { consent: agree, exec: noSudo.exec, uid: 1000 }))).to.equal(
      'SUDO_MISSING: this needs root, and there is no sudo',
    );
  });
});
