import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';

describe('which Linux is it', () => {
  it("version names the VM's, and takes --format", async () => {
    expect(await world().ok(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}'])).to.equal(
      'linux/amd64\n',
    );
    const shown = await world().ok(['version']);
    expect(shown).to.match(/^Client:\n Version: +\d/);
    expect(shown).to.match(
      /Server: Wherry Engine\n Version: +\d.*\n API version: +1\.51 \(minimum 1\.24\)\n OS\/Arch: +linux\/amd64\n Kernel: +6\.12/,
    );
    expect(JSON.parse(await world().ok(['version', '--format', 'json'])).Server.ApiVersion).to.equal('1.51');
  });

  it('info names the machine, the accelerator, the CPU and the kernel', async () => {
    const shown = await world().ok(['info']);
    expect(shown).to.match(/Machine: +e2e/);
    expect(shown).to.match(/Accelerator: +(tcg|kvm)/);
    expect(shown).to.match(/Kernel Version: 6\.12/);
  });
});
