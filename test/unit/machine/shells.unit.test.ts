import { expect } from 'chai';
import { foreignDockerHostNote, resolveMachineName } from '../../../src/machine/resolve-machine-name.ts';
import { defaultSize } from '../../../src/machine/defaults.ts';
import { dockerUrl } from '../../../src/machine/docker-url.ts';
import { detectShell, renderShellScript } from '../../../src/machine/shells.ts';

/** The table of docker-machine 0.16.2's `env`. */
const TABLE: Array<[shell: string, set: string, unset: string]> = [
  ['bash', 'export K="v"', 'unset K'],
  ['sh', 'export K="v"', 'unset K'],
  ['zsh', 'export K="v"', 'unset K'],
  ['fish', 'set -gx K "v";', 'set -e K;'],
  ['powershell', '$Env:K = "v"', 'Remove-Item Env:\\\\K'],
  ['cmd', 'SET K=v', 'SET K='],
  ['tcsh', 'setenv K "v";', 'unsetenv K;'],
  ['emacs', '(setenv "K" "v")', '(setenv "K" nil)'],
];

describe('machine env', () => {
  for (const [shell, set, unset] of TABLE) {
    it(`sets and unsets in ${shell}`, () => {
      const script = { shell, command: 'wherry machine env' };
      expect(renderShellScript({ ...script, set: [['K', 'v']], unset: [] }).split('\n')[0]).to.equal(set);
      expect(renderShellScript({ ...script, set: [], unset: ['K'] }).split('\n')[0]).to.equal(unset);
    });
  }

  it('quotes what a shell would expand', () => {
    const script = renderShellScript({ shell: 'sh', set: [['K', '/a $b "c" `d`']], unset: [], command: 'x' });
    expect(script.split('\n')[0]).to.equal('export K="/a \\$b \\"c\\" \\`d\\`"');
  });

  it('ends with the hint', () => {
    const command = 'wherry machine env default';
    expect(renderShellScript({ shell: 'bash', set: [], unset: [], command })).to.equal(
      '# Run this command to configure your shell: \n# eval $(wherry machine env default)\n',
    );
  });

  it('finds the shell: the one it was typed in, else the login shell', () => {
    const zsh = [{ pid: 7, parent: 1, argv: ['-zsh'] }];
    expect(detectShell({ SHELL: '/usr/bin/fish' }, 'linux', zsh)).to.equal('zsh');
    expect(detectShell({ SHELL: '/usr/bin/fish' }, 'linux', [])).to.equal('fish');
    expect(detectShell({ PSModulePath: 'x' }, 'win32', [])).to.equal('powershell');
    expect(detectShell({}, 'win32', [])).to.equal('cmd');
    expect(() => detectShell({}, 'linux', [])).to.throw('SHELL is not set');
  });
});

describe('which machine', () => {
  it('goes by flag, WHERRY_MACHINE, DOCKER_MACHINE_NAME, default', () => {
    const env = { WHERRY_MACHINE: 'w', DOCKER_MACHINE_NAME: 'd' };
    expect(resolveMachineName({ flag: 'f', env })).to.equal('f');
    expect(resolveMachineName({ env })).to.equal('w');
    expect(resolveMachineName({ env: { ...env, WHERRY_MACHINE: '' } })).to.equal('d');
    expect(resolveMachineName({ env: {} })).to.equal('default');
  });

  it('notes a DOCKER_HOST of somebody else, once and only then', () => {
    const own = ['unix:///h/docker.sock'];
    expect(foreignDockerHostNote({ DOCKER_HOST: 'tcp://x:1' }, own, 'default')).to.equal(
      'DOCKER_HOST=tcp://x:1 is not a Wherry machine: ignored, using "default"',
    );
    expect(foreignDockerHostNote({ DOCKER_HOST: own[0] }, own, 'default')).to.equal(undefined);
    expect(foreignDockerHostNote({}, own, 'default')).to.equal(undefined);
  });

  it('writes pipes as docker takes them', () => {
    expect(dockerUrl('/x/docker.sock')).to.equal('unix:///x/docker.sock');
    expect(dockerUrl('\\\\.\\pipe\\wherry-default')).to.equal('npipe:////./pipe/wherry-default');
  });

  it('sizes machines by the host', () => {
    const arch = 'amd64';
    expect(defaultSize({ arch, cores: 2, memoryMiB: 3900 })).to.deep.equal({
      cpus: 2,
      memoryMiB: 1950,
      diskGiB: 20,
    });
    expect(defaultSize({ arch, cores: 16, memoryMiB: 65_536 })).to.include({ cpus: 4, memoryMiB: 4096 });
    expect(defaultSize({ arch, cores: 1, memoryMiB: 1024 })).to.include({ cpus: 1, memoryMiB: 1024 });
  });
});
