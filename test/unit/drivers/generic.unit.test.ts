import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { archOf, judgeHost, parseFacts } from '../../../src/drivers/generic/host-facts.ts';
import { readPrivateKey } from '../../../src/drivers/generic/key-file.ts';
import { driverFlags } from '../../../src/drivers/module.ts';
import { genericModule } from '../../../src/drivers/generic/module.ts';
import { fingerprint, hostOf, requireHostKey } from '../../../src/drivers/generic/options.ts';
import { hostFile, runScript, shellWord } from '../../../src/drivers/generic/scripts.ts';
import { generateEd25519, openSshPrivateKey, publicKeyBlob } from '../../../src/ssh/keys.ts';
import { publicKeyOf } from '../../../src/ssh/public-key.ts';
import { codeOf } from './support.ts';

/** What vm-images/generic/preflight.sh says on a host that has everything. */
const GOOD = `system=Linux
release=6.1.0-56-cloud-amd64
machine=x86_64
uid=1000
home=/home/tester
root=yes
systemd=yes
cgroup=cgroup2fs
controllers=cpuset cpu io memory hugetlb pids rdma misc
kernel.overlay=yes
kernel.erofs=yes
kernel.loop=yes
kernel.nf_tables=yes
kernel.bridge=yes
kernel.veth=yes
tool.mount=yes
tool.unshare=yes
tool.tar=yes
tool.gzip=yes
tool.sha256sum=yes
tool.systemctl=yes
tool.mkfifo=yes
tool.timeout=yes
filesystem=ext2/ext3
freeKiB=5500000
`;
const ASKS = { user: 'tester', owner: 'box' };
const judged = (change: (text: string) => string): string[] =>
  judgeHost(parseFacts(change(GOOD)), ASKS).map(({ level, message }) => `${level}: ${message}`);
const without = (line: string) => (text: string) => text.replace(new RegExp(`^${line}.*\n`, 'm'), '');

describe('the generic driver’s look at a host', () => {
  it('finds one usable, and says that layers go the old way before Linux 6.12', () => {
    expect(judged(String)).to.deep.equal(['ok: Linux 6.1.0-56-cloud-amd64, x86_64, layers by loop devices']);
    const newer = (text: string): string => without('kernel.loop')(text).replace('6.1.0-56', '6.12.3');
    expect(judged(newer)).to.deep.equal(['ok: Linux 6.12.3-cloud-amd64, x86_64']);
    expect(archOf(parseFacts(GOOD.replace('x86_64', 'aarch64')))).to.equal('arm64');
  });

  const cases: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    ['another system', (text) => text.replace('Linux', 'FreeBSD'), /runs FreeBSD, not Linux/],
    ['another processor', (text) => text.replace('x86_64', 'riscv64'), /processor is riscv64/],
    ['an old kernel', (text) => text.replace('6.1.0-56', '5.10.0-9'), /kernel is 5\.10.*5\.19 or later/],
    ['no systemd', without('systemd'), /process 1 is not systemd/],
    ['no sudo', (text) => text.replace('root=yes', 'root=no-sudo'), /"tester" is not root .* no sudo/],
    ['sudo that asks', (text) => text.replace('root=yes', 'root=password'), /sudo without a password/],
    ['no EROFS', without('kernel.erofs'), /kernel has no erofs$/],
    ['no loop devices where they are needed', without('kernel.loop'), /kernel has no loop$/],
    ['missing programs', (text) => without('tool.tar')(without('tool.gzip')(text)), /has no tar, gzip$/],
    ['cgroups of version 1', (text) => text.replace('cgroup2fs', 'tmpfs'), /cgroups of version 1/],
    ['a controller too few', (text) => text.replace(' memory', ''), /no controller memory$/],
    [
      'too little room',
      (text) => text.replace('5500000', '1048576'),
      /has 1024 MiB free in \/var\/lib; 1536/,
    ],
    [
      'a filesystem that overlayfs refuses',
      (text) => text.replace('ext2/ext3', 'nfs'),
      /\/var\/lib is on nfs/,
    ],
    ['docker', (text) => `${text}docker=yes\n`, /docker0/],
    ['another machine', (text) => `${text}owner=other\n`, /a Wherry machine already \("other"\)/],
  ];
  for (const [what, change, message] of cases) {
    it(`refuses ${what}`, () => {
      const found = judged(change);
      expect(found).to.have.length(1);
      expect(found[0])
        .to.match(/^error: /)
        .and.match(message);
    });
  }

  it('takes a host that is this very machine already', () => {
    expect(judged((text) => `${text}owner=box\n`)[0]).to.match(/^ok/);
  });

  it('asks by a script that any POSIX shell runs to its end, here as there', async () => {
    const facts = parseFacts(
      execFileSync('sh', ['-c', await hostFile('preflight.sh')], { encoding: 'utf8' }),
    );
    expect(facts.get('system')).to.equal('Linux');
    expect(facts.get('tool.mount')).to.equal('yes');
    expect(facts.get('freeKiB')).to.match(/^\d+$/);
  });
});

describe('the generic driver’s settings', () => {
  it('have docker-machine’s flags, and its words for the one that has to be there', () => {
    expect(driverFlags(genericModule).map(({ flag }) => flag)).to.deep.equal([
      'generic-ip-address',
      'generic-ssh-user',
      'generic-ssh-key',
      'generic-ssh-port',
      'generic-engine-port',
      'generic-ssh-host-key',
    ]);
    expect(() => hostOf({})).to.throw('generic driver requires the --generic-ip-address option');
    expect(() => hostOf({ ipAddress: 'box', sshPort: '70000' })).to.throw(
      '--generic-ssh-port must be a port',
    );
    expect(hostOf({ ipAddress: 'box', sshPort: '22', sshUser: 'root' })).to.deep.equal({
      host: 'box',
      port: 22,
      user: 'root',
    });
  });

  it('pin a host key by its fingerprint, by itself, or by a line of known_hosts', () => {
    const pair = generateEd25519();
    const blob = publicKeyBlob(pair);
    const host = { host: 'box', port: 22, user: 'root' };
    const key = blob.toString('base64');
    for (const given of [
      fingerprint(blob),
      key,
      `ssh-ed25519 ${key}`,
      `box,10.0.0.1 ssh-ed25519 ${key} comment`,
    ])
      requireHostKey(given, blob, host);
    const other = publicKeyBlob(generateEd25519());
    for (const given of [fingerprint(other), `box ssh-ed25519 ${other.toString('base64')}`, '', 'nonsense'])
      expect(() => requireHostKey(given, blob, host), given).to.throw(
        'not the one of --generic-ssh-host-key',
      );
  });

  it('read the user’s key, and say why one is of no use', async () => {
    const scratch = mkdtempSync(join(tmpdir(), 'wherry-keys-'));
    try {
      const pair = generateEd25519();
      const good = openSshPrivateKey(pair, 'me');
      const path = (name: string, text: string): string => {
        writeFileSync(join(scratch, name), text);
        return join(scratch, name);
      };
      expect(await readPrivateKey(path('good', good))).to.equal(good);
      expect(publicKeyOf(good)).to.equal(`ssh-ed25519 ${publicKeyBlob(pair).toString('base64')}`);
      expect(await codeOf(readPrivateKey(path('key.pub', 'ssh-ed25519 AAAA me')))).to.match(
        /^SSH_KEY_UNUSABLE: .*key\.pub is no SSH private key, but a public one/,
      );
      const locked = Buffer.concat([Buffer.from('openssh-key-v1\0\0\0\0\x0aaes256-ctr'), Buffer.alloc(40)]);
      const text = `-----BEGIN OPENSSH PRIVATE KEY-----\n${locked.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;
      expect(await codeOf(readPrivateKey(path('locked', text)))).to.match(/has a passphrase/);
      expect(await codeOf(readPrivateKey(undefined, scratch))).to.match(/there is no SSH key in/);
      expect(await codeOf(readPrivateKey(join(scratch, 'none')))).to.match(/can't be read: ENOENT/);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });

  it('reach the host’s shell as single words, by sudo where the account isn’t root', async () => {
    expect(shellWord("it's")).to.equal(String.raw`'it'\''s'`);
    const commands: string[] = [];
    const remote = {
      hostKey: Buffer.alloc(0),
      run: (command: string) => {
        commands.push(command);
        return Promise.resolve({ status: 0, stdout: '', stderr: '' });
      },
      close: () => undefined,
    };
    await runScript(remote, 'remove', ["o'hara"], { user: 'root' });
    await runScript(remote, 'remove', ['box'], { user: 'tester' });
    await runScript(remote, 'preflight', [], { user: 'tester' });
    expect(
      commands.map((command) => command.slice(0, command.indexOf('# ')).replaceAll('\n', ' ')),
    ).to.deep.equal(["'sh' '-c' '", "'sudo' '-n' 'sh' '-c' '", "'sh' '-c' '"]);
    expect(commands[0]?.endsWith(String.raw` 'wherry-remove' 'o'\''hara'`)).to.equal(true);
  });
});
