import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { MACHINE } from '../helpers/e2e-world.ts';

describe('wherry machine scp', () => {
  it('copies there, inside and back: a file of some size, a directory with odd names', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'wherry-scp-'));
    try {
      const content = Buffer.alloc(3_000_000, 'some text ');
      mkdirSync(join(scratch, 'd', "it's"), { recursive: true });
      writeFileSync(join(scratch, 'd', "it's", 'big'), content);
      await world().ok(['machine', 'scp', '-q', '-r', join(scratch, 'd'), `${MACHINE}:/root/scp`]);
      expect(await world().inVm("stat -c '%U %s' \"/root/scp/it's/big\"")).to.equal('root 3000000\n');
      await world().ok(['machine', 'scp', `${MACHINE}:scp/it's/big`, `root@${MACHINE}:~/copy`]);
      await world().ok(['machine', 'scp', `${MACHINE}:/root/copy`, join(scratch, 'back')]);
      expect(readFileSync(join(scratch, 'back')).equals(content)).to.equal(true);
      await world().inVm('ln -s copy /root/link && ln -s scp /root/linked');
      await world().ok(['machine', 'scp', `${MACHINE}:link`, `${MACHINE}:-dash`]);
      await world().ok(['machine', 'scp', `${MACHINE}:-dash`, `${MACHINE}:/root/link`]);
      await world().ok(['machine', 'scp', '-r', `${MACHINE}:linked`, scratch]);
      expect(readFileSync(join(scratch, 'linked', "it's", 'big')).equals(content)).to.equal(true);
      const left = await world().inVm('cd /root; ls -A; readlink link');
      expect(left.split('\n')).to.include.members(['-dash', 'copy', 'link', 'linked', 'scp']);
      expect(left)
        .to.match(/\ncopy\n$/)
        .and.not.to.contain('.wherry');
      const missing = await world().wherry(['machine', 'scp', `${MACHINE}:none`, scratch]);
      expect(missing).to.include({ status: 1, stdout: '' });
      expect(missing.stderr).to.equal(`Error: scp: ${MACHINE}:none: No such file or directory\n`);
      await world().inVm('rm -r /root/scp /root/copy /root/-dash /root/link /root/linked');
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
