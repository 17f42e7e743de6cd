import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { WherryError } from '../../../src/core/errors.ts';
import { createHypervDriver } from '../../../src/drivers/hyperv/driver.ts';
import { systemHypervHost, type HypervHost } from '../../../src/drivers/hyperv/host.ts';
import { look } from '../../../src/drivers/hyperv/look.ts';
import type { ExecResult } from '../../../src/platform/exec.ts';
import { READY } from '../../contract/drivers/hyperv/fake-hyperv.ts';

const RESULT: ExecResult = { exitCode: 0, signal: undefined, timedOut: false, stdout: '', stderr: '' };

function windows(
  answer: () => ExecResult | Promise<ExecResult>,
  argvs: (readonly string[])[] = [],
): HypervHost {
  return {
    ...systemHypervHost(),
    platform: 'win32',
    env: { SystemRoot: 'D:\\Windows' },
    scripts: '/scripts',
    exec: {
      run: (argv) => {
        argvs.push(argv);
        return Promise.resolve(answer());
      },
    },
  };
}

const answering = (facts: Record<string, unknown>): HypervHost =>
  windows(() => ({ ...RESULT, stdout: `${JSON.stringify({ ok: { ...READY, ...facts } })}\r\n` }));

describe("Hyper-V's preflight", () => {
  const levels = async (host: HypervHost, arch: 'amd64' | 'arm64' = 'amd64'): Promise<string[]> =>
    (await createHypervDriver(host).preflight(arch)).map(
      ({ level, message, fix }) =>
        `${level}: ${message}${fix === undefined ? '' : ` [${fix.argv.at(-1) ?? ''}]`}`,
    );

  const table: readonly (readonly [string, HypervHost, readonly string[]])[] = [
    [
      'a member of the group',
      answering({}),
      ['ok: Hyper-V, used as one of "Hyper-V Administrators"', 'ok: Default Switch'],
    ],
    [
      'an administrator without a Default Switch',
      answering({ administrator: true, switches: [] }),
      [
        'ok: Hyper-V, used as an administrator',
        'note: no Default Switch here: machines need --hyperv-switch NAME',
      ],
    ],
    [
      'a Windows without Hyper-V',
      answering({ module: false, service: false, member: false, listed: false }),
      [
        'error: Hyper-V is not enabled (it comes with Windows Pro, Enterprise and Education, and with Windows Server) [/scripts/prepare.ps1]',
      ],
    ],
    [
      'Hyper-V before the restart',
      answering({ service: false }),
      ['error: Hyper-V is enabled but its service (vmms) does not run: restart Windows'],
    ],
    [
      'nobody in particular',
      answering({ member: false, listed: false }),
      [
        'error: this account may not use Hyper-V: it is not one of "Hyper-V Administrators" [/scripts/prepare.ps1]',
      ],
    ],
    [
      'one in the group who has not logged off since',
      answering({ member: false, listed: true }),
      [
        'error: this account is one of "Hyper-V Administrators" since after it logged on: log off and on again',
      ],
    ],
  ];
  for (const [who, host, expected] of table)
    it(`sees ${who}`, async () => expect(await levels(host)).to.deep.equal(expected));

  it('says that it needs Windows, elsewhere, and amd64', async () => {
    const linux = { ...answering({}), platform: 'linux' as const };
    expect(await levels(linux)).to.deep.equal([
      'error: Hyper-V is a part of Windows, and this computer runs Linux: choose another driver',
    ]);
    expect(await levels({ ...linux, platform: 'darwin' })).to.match(/runs macOS/);
    expect(await levels(answering({}), 'arm64')).to.deep.equal([
      'error: machines on Hyper-V are amd64 only, not arm64',
    ]);
  });

  it('says what PowerShell said where it gave no answer', async () => {
    const failing = windows(() => ({
      ...RESULT,
      exitCode: 1,
      stderr: 'first\r\nThe file is not signed.\r\n',
    }));
    expect(await levels(failing)).to.deep.equal(['error: Hyper-V (look): The file is not signed.']);
  });
});

describe('running a Hyper-V script', () => {
  const failure = async (work: Promise<unknown>): Promise<WherryError> => {
    const error = await work.catch((caught: unknown) => caught);
    return error instanceof WherryError ? error : expect.fail(String(error));
  };

  it('has Windows PowerShell run it without a profile, questions or policy, by its whole path', async () => {
    const argvs: (readonly string[])[] = [];
    await look(windows(() => ({ ...RESULT, stdout: JSON.stringify({ ok: READY }) }), argvs));
    expect(argvs).to.deep.equal([
      [
        'D:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
        '-NoProfile',
        '-NonInteractive',
        '-ExecutionPolicy',
        'Bypass',
        '-File',
        '/scripts/look.ps1',
      ],
    ]);
  });

  it('tells errors apart by category, never by words', async () => {
    const refusing = (category: string, id = 'X'): HypervHost =>
      windows(() => ({
        ...RESULT,
        stdout: JSON.stringify({ error: { id, category, message: 'Zugriff.\r\n' } }),
      }));
    const denied = await failure(look(refusing('PermissionDenied')));
    expect([denied.code, denied.message]).to.deep.equal([
      'HYPERV_DENIED',
      'Hyper-V refuses it to this account: Zugriff.',
    ]);
    expect((await failure(look(refusing('InvalidArgument')))).code).to.equal('HYPERV_FAILED');
    const missing = refusing('ObjectNotFound', 'CommandNotFoundException');
    expect((await failure(look(missing))).code).to.equal('HYPERV_MISSING');
    expect((await failure(look(refusing('ObjectNotFound')))).code).to.equal('HYPERV_FAILED');
  });

  it('says when there is no PowerShell, when it gives no answer, and when it takes too long', async () => {
    const missing = windows(() =>
      Promise.reject(new WherryError({ code: 'EXEC_NOT_FOUND', message: 'not found' })),
    );
    expect((await failure(look(missing))).code).to.equal('POWERSHELL_MISSING');
    const silent = windows(() => ({ ...RESULT, exitCode: 5, stdout: 'not JSON' }));
    expect((await failure(look(silent))).message).to.equal('Hyper-V (look): no answer (exit status 5)');
    const late = windows(() => ({ ...RESULT, timedOut: true }));
    expect((await failure(look(late))).message).to.equal('Hyper-V (look): it took too long');
  });

  it('works with a real program that takes the request on stdin and answers on stdout', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wherry-ps-'));
    try {
      const powershell = join(directory, 'powershell.exe');
      const program = fileURLToPath(
        new URL('../../contract/drivers/hyperv/fake-powershell.ts', import.meta.url),
      );
      await writeFile(powershell, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
      await chmod(powershell, 0o755);
      const host = { ...systemHypervHost(), env: { WHERRY_POWERSHELL: powershell } };
      expect(await look(host)).to.deep.equal({ ...READY, user: 'S-1-5-21-ümläut' });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
