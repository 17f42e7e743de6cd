import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { candidates, findQemu } from '../../../../src/drivers/qemu/binary.ts';
import { lastLines, panicReason, rotateLog } from '../../../../src/drivers/guest/console-log.ts';
import { createPortPicker, localEndpoint, monitorEndpoint } from '../../../../src/drivers/qemu/endpoint.ts';
import { systemQemuHost, type QemuHost } from '../../../../src/drivers/qemu/host.ts';
import { cachedProbe } from '../../../../src/drivers/qemu/probe-cache.ts';
import type { ProbeResult } from '../../../../src/drivers/qemu/probe.ts';
import { isDiskInUse, isPortTaken, lastMessage } from '../../../../src/drivers/qemu/qemu-messages.ts';
import { codeOf } from '../support.ts';

const HOST = systemQemuHost();
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drivers-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const on = (platform: NodeJS.Platform, env: Record<string, string>): QemuHost => ({ ...HOST, platform, env });

describe('finding QEMU', () => {
  it('looks on PATH, then where installers put it', () => {
    expect(candidates(on('darwin', { PATH: '/usr/bin:/opt/homebrew/bin' }), 'arm64')).to.deep.equal([
      '/usr/bin/qemu-system-aarch64',
      '/opt/homebrew/bin/qemu-system-aarch64',
      '/usr/local/bin/qemu-system-aarch64',
      '/opt/local/bin/qemu-system-aarch64',
    ]);
    expect(candidates(on('win32', { Path: 'C:\\bin', USERPROFILE: 'C:\\Users\\me' }), 'amd64')).to.deep.equal(
      [
        'C:\\bin\\qemu-system-x86_64.exe',
        'C:\\Program Files\\qemu\\qemu-system-x86_64.exe',
        'C:\\Program Files (x86)\\qemu\\qemu-system-x86_64.exe',
        'C:\\Users\\me\\scoop\\apps\\qemu\\current\\qemu-system-x86_64.exe',
      ],
    );
  });

  it('takes WHERRY_QEMU as a directory or a program, and a machine’s own setting before it', () => {
    expect(candidates(on('linux', { WHERRY_QEMU: '/opt/q/bin' }), 'amd64')).to.deep.equal([
      '/opt/q/bin/qemu-system-x86_64',
    ]);
    expect(candidates(on('linux', { WHERRY_QEMU: '/opt/q/bin/qemu-system-x86_64' }), 'arm64')).to.deep.equal([
      '/opt/q/bin/qemu-system-aarch64',
    ]);
    expect(candidates(on('linux', { WHERRY_QEMU: '/opt/q' }), 'amd64', '/mine/qemu')).to.deep.equal([
      '/mine/qemu',
    ]);
  });

  it('says where it looked', async () => {
    const host = on('linux', { WHERRY_QEMU: directory });
    expect(await codeOf(findQemu(host, 'amd64'))).to.equal(
      `QEMU_MISSING: QEMU is not installed (looked for ${directory}/qemu-system-x86_64)`,
    );
  });
});

describe("QEMU's words", () => {
  it('are told apart as QEMU 7.2 prints them', () => {
    const port =
      "qemu-system-x86_64: -netdev user,id=net0,hostfwd=tcp:127.0.0.1:42200-:22: Could not set up host forwarding rule 'tcp:127.0.0.1:42200-:22'\n";
    const disk =
      'qemu-system-x86_64: -device virtio-blk-pci,drive=data: Failed to get "write" lock\nIs another process using the image [/data.img]?\n';
    expect([isPortTaken(port), isPortTaken(disk)]).to.deep.equal([true, false]);
    expect([isDiskInUse(port), isDiskInUse(disk)]).to.deep.equal([false, true]);
    expect(
      lastMessage('qemu-system-x86_64: -accel kvm: failed to initialize kvm: Permission denied\n'),
    ).to.equal('-accel kvm: failed to initialize kvm: Permission denied');
    expect(lastMessage('\n')).to.equal(undefined);
  });
});

describe('the console log', () => {
  it('is quoted without terminal escapes, from its end', async () => {
    const path = join(directory, 'console.log');
    await writeFile(path, 'one\r\n\u001b[2Jtwo\u001b[0;1m!\n\n  \nthree\u0007');
    expect(await lastLines(path, 2)).to.deep.equal(['two!', 'three']);
    expect(await lastLines(join(directory, 'none'), 2)).to.deep.equal([]);
  });

  it('gives a panic its reason', async () => {
    const path = join(directory, 'console.log');
    await writeFile(
      path,
      '[    1.6] Kernel panic - not syncing: VFS: Unable to mount root fs\n[    1.7] CPU: 0\n',
    );
    expect(await panicReason(path)).to.equal('VFS: Unable to mount root fs');
  });

  it('is set aside at the next boot', async () => {
    const path = join(directory, 'console.log');
    await writeFile(path, 'old');
    await rotateLog(path);
    await rotateLog(path);
    expect(await readdir(directory)).to.deep.equal(['console.log.1']);
  });
});

describe('local endpoints', () => {
  const ports = createPortPicker(() => 0);

  it('are unix sockets, refused where the path is too long for one', async () => {
    expect(await localEndpoint('darwin', '/r', 'qmp', ports)).to.deep.equal({
      kind: 'unix',
      path: '/r/qmp.sock',
    });
    expect(await codeOf(localEndpoint('darwin', `/${'r'.repeat(100)}`, 'qmp', ports))).to.match(
      /^SOCKET_PATH_TOO_LONG: .* \(103 bytes at most\)$/,
    );
  });

  it('are ports of the machines’ range on Windows, each one another', async () => {
    const first = await localEndpoint('win32', 'C:\\r', 'other', ports);
    const second = await localEndpoint('win32', 'C:\\r', 'ready', ports);
    if (first.kind !== 'tcp' || second.kind !== 'tcp') throw new Error('not TCP');
    expect(first.port).to.be.within(42_200, 42_999);
    expect(second.port).to.be.greaterThan(first.port);
  });

  it('of a monitor are never ports: every user of a computer can connect to those', async () => {
    expect(await monitorEndpoint('win32', 'C:\\r', ports)).to.equal(undefined);
    expect(await monitorEndpoint('linux', '/r', ports)).to.deep.equal({ kind: 'unix', path: '/r/qmp.sock' });
  });
});

describe('the probe cache', () => {
  let asked = 0;
  let now = 1000;
  const host = (): QemuHost => ({ ...HOST, clock: { ...HOST.clock, now: () => now } });
  const ask = (answer: ProbeResult) => (): Promise<ProbeResult> => {
    asked += 1;
    return Promise.resolve(answer);
  };
  const no: ProbeResult = { usable: false, reason: 'silent', ms: 3000 };

  beforeEach(() => {
    asked = 0;
    now = 1000;
  });

  it('asks once a key, and about a refusal again the next day', async () => {
    expect(await cachedProbe(host(), directory, 'a', ask(no))).to.deep.equal(no);
    expect(await cachedProbe(host(), directory, 'a', ask(no))).to.deep.equal(no);
    expect(asked).to.equal(1);
    await cachedProbe(host(), directory, 'b', ask({ usable: true, ms: 5 }));
    expect(asked).to.equal(2);
    now += 25 * 3600 * 1000;
    await cachedProbe(host(), directory, 'a', ask(no));
    await cachedProbe(host(), directory, 'b', ask(no));
    expect(asked).to.equal(3);
  });

  it('starts over where the file is torn', async () => {
    await writeFile(join(directory, 'qemu-probe.json'), '{"version":1,"resu');
    await cachedProbe(host(), directory, 'a', ask(no));
    await cachedProbe(host(), directory, 'a', ask(no));
    expect(asked).to.equal(1);
  });
});
