import { expect } from 'chai';
import { parentShell } from '../../../src/machine/parent-shell.ts';
import { ancestors, type ListedProcess } from '../../../src/platform/ancestors.ts';

/** What `ps -axww -o pid=,ppid=,args=` prints on macOS, cut down to the lines that matter. */
const MACOS = `
    1     0 /sbin/launchd
  612     1 /System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal
  614   612 login -pf me
  615   614 -zsh
  700   615 /opt/homebrew/bin/fish
  801   615 node /opt/homebrew/bin/wherry machine env
  802   700 node /opt/homebrew/bin/wherry machine env
  810   615 npm exec wherry machine env
  811   810 sh -c wherry machine env
  820   615 /bin/bash ./setup.sh
  830   700 make env
  831   830 /bin/sh -c eval $(wherry machine env)
  840   615 sudo -E wherry machine env
  850     1 /usr/libexec/some daemon
`;

/** What the listing of Win32_Process is on Windows; \`explorer\` has no CommandLine for others. */
const WINDOWS = JSON.stringify(
  (
    [
      [4, 0, 'System', null],
      [900, 4, 'explorer.exe', null],
      [1000, 900, 'cmd.exe', '"C:\\Windows\\system32\\cmd.exe" '],
      [1100, 900, 'powershell.exe', 'powershell.exe -NoLogo'],
      [1200, 900, 'pwsh.exe', '"C:\\Program Files\\PowerShell\\7\\pwsh.exe"'],
      // What PowerShell starts a .cmd file with.
      [1201, 1200, 'cmd.exe', 'C:\\Windows\\system32\\cmd.exe /c ""C:\\npm\\wherry.cmd" machine env"'],
      [1300, 1000, 'powershell.exe', 'powershell'],
      [1400, 900, 'bash.exe', '"C:\\Program Files\\Git\\usr\\bin\\bash.exe" --login -i'],
      [1500, 1000, 'cmd.exe', 'cmd /c wherry machine env'],
      [1600, 1700, 'mintty.exe', 'mintty'],
      // Ids are given again: these two are each other's parents.
      [1700, 1600, 'node.exe', 'node'],
    ] as const
  ).map(([ProcessId, ParentProcessId, Name, CommandLine]) => ({
    ProcessId,
    ParentProcessId,
    Name,
    CommandLine,
  })),
);

const listing = (stdout: string) => ({
  check: () => Promise.resolve({ exitCode: 0, signal: undefined, timedOut: false, stdout, stderr: '' }),
});

describe('the shell that wherry was typed in', () => {
  const cases: readonly (readonly [NodeJS.Platform, number, string | undefined, string])[] = [
    ['darwin', 615, 'zsh', 'the login shell of Terminal'],
    ['darwin', 700, 'fish', 'fish, started in zsh'],
    ['darwin', 811, 'zsh', 'npx, whose sh is only in between'],
    ['darwin', 820, 'bash', 'a script of bash'],
    ['darwin', 831, 'sh', 'make, whose sh evaluates it'],
    ['darwin', 840, 'zsh', 'sudo'],
    ['darwin', 850, undefined, 'no shell at all'],
    ['darwin', 9999, undefined, 'a parent that has gone'],
    ['win32', 1000, 'cmd', 'cmd'],
    ['win32', 1100, 'powershell', 'Windows PowerShell'],
    ['win32', 1200, 'powershell', 'PowerShell 7'],
    ['win32', 1201, 'powershell', 'a .cmd file in PowerShell'],
    ['win32', 1300, 'powershell', 'PowerShell, started in cmd'],
    ['win32', 1400, 'bash', 'Git Bash'],
    ['win32', 1500, 'cmd', 'cmd /c in cmd'],
    ['win32', 1700, undefined, 'ids that were given again'],
  ];
  for (const [platform, parent, shell, title] of cases) {
    it(`${platform}: ${title}`, async () => {
      const exec = listing(platform === 'win32' ? WINDOWS : MACOS);
      expect(parentShell(await ancestors(parent, platform, exec))).to.equal(shell);
    });
  }

  it('knows npm by its title, which is its whole command line in one word', () => {
    const title = (words: string): ListedProcess[] =>
      [['sh', '-c', 'wherry machine env'], [words], ['-fish']].map((argv, index) => ({
        pid: 9 - index,
        parent: 8 - index,
        argv,
      }));
    for (const path of ['/x', '/tmp/zsh', 'C:\\cmd.exe']) {
      expect(parentShell(title(`npm exec wherry machine env --storage-path ${path}`)), path).to.equal('fish');
    }
  });

  it('reads this computer’s own processes', async () => {
    if (process.platform !== 'linux') return;
    const found: ListedProcess[] = await ancestors(process.pid);
    expect(found[0]).to.include({ pid: process.pid, parent: process.ppid });
    expect(found[0]?.argv).not.to.deep.equal([]);
    expect(await ancestors(2 ** 30)).to.deep.equal([]);
  });

  it('does without, where processes can’t be listed', async () => {
    const { systemExec } = await import('../../../src/platform/exec.ts');
    const missing = { check: () => systemExec.check(['/nonexistent/ps']) };
    expect(await ancestors(1, 'darwin', missing)).to.deep.equal([]);
    for (const polluted of ['', 'WARNING: a profile\r\n[]', 'null', '{}']) {
      expect(await ancestors(1, 'win32', listing(polluted)), polluted).to.deep.equal([]);
    }
  });
});
