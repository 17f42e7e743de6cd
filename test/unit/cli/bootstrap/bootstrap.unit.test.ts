import { expect } from 'chai';
import { includedPackages, parseDebian } from '../../../../src/cli/bootstrap/request.ts';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withWorkDirectory } from '../../../../src/cli/bootstrap/work-directory.ts';
import { StageOutput } from '../../../../src/cli/bootstrap/stage-output.ts';

describe('wherry image bootstrap: what is asked for', () => {
  it('a release that Wherry has keys for, slim or not', () => {
    expect(parseDebian('debian:trixie')).to.deep.equal({ release: 'trixie', slim: false });
    expect(parseDebian('debian:bookworm-slim')).to.deep.equal({ release: 'bookworm', slim: true });
    const hint = 'What can:  debian:trixie, debian:trixie-slim, debian:bookworm, debian:bookworm-slim';
    expect(() => parseDebian('debian:sid'))
      .to.throw('Wherry has no keys for Debian\'s "sid"')
      .with.include({ code: 'SUITE_UNKNOWN', hint });
    for (const other of ['debian', 'ubuntu:noble', 'registry/debian:trixie'])
      expect(() => parseDebian(other)).to.throw("can't be made of Debian packages");
  });

  it('packages by their names, each once', () => {
    expect(includedPackages(['nginx, curl', 'curl'])).to.deep.equal(['curl', 'nginx']);
    expect(() => includedPackages(['--oops'])).to.throw('"--oops" is no name of a Debian package');
    expect(() => includedPackages(['a;b'])).to.throw('is no name');
  });
});

describe('wherry image bootstrap: its work directory', () => {
  it("goes with the work, and takes along those of processes that are no more, not another's", async () => {
    const parent = mkdtempSync(join(tmpdir(), 'wherry-work-'));
    try {
      const processOf = (pid: number, startedAt = 'then') => ({
        self: async () => ({ pid, startedAt }),
        identify: async (other: number) => (other === 3 ? undefined : { pid: other, startedAt: 'then' }),
      });
      const nameOf = async (pid: number, startedAt: string): Promise<string> =>
        withWorkDirectory(parent, async () => readdirSync(parent)[0] ?? '', processOf(pid, startedAt));
      // Killed; and one whose pid is somebody else's by now.
      const left = [await nameOf(3, 'then'), await nameOf(4, 'before')];
      for (const name of left) mkdirSync(join(parent, name));
      mkdirSync(join(parent, 'not-ours'));
      expect(readdirSync(parent)).to.have.lengthOf(3);
      await withWorkDirectory(
        parent,
        async () => {
          const mine = await withWorkDirectory(parent, async () => readdirSync(parent), processOf(2));
          expect(mine.map((name) => name.split('-')[0])).to.have.members(['1', '2', 'not']);
        },
        processOf(1),
      );
      expect(readdirSync(parent)).to.deep.equal(['not-ours']);
    } finally {
      rmSync(parent, { recursive: true });
    }
  });
});

describe("wherry image bootstrap: what the packages' scripts say", () => {
  const say = (output: StageOutput, stdout: readonly string[], stderr: string): void => {
    for (const piece of stdout) output.stdout.write(piece);
    output.stderr.write(stderr);
    output.stderr.end();
    output.stdout.end();
  };

  it('counts what is configured, and names the package whose script failed with its last lines', () => {
    const configured: string[] = [];
    const output = new StageOutput((name) => configured.push(name));
    const many = Array.from({ length: 20 }, (_, line) => `line ${line}\n`).join('');
    say(
      output,
      [
        'processing: preinst: base-passwd\nprocessing: configure: sed\nstatus: sed: half-con',
        'figured\nprocessing: configure: redis-server\n',
        'status: redis-server : error : installed redis-server package post-installation script subprocess returned error exit status 3\n',
        'status: dependent : error : dependency problems - leaving unconfigured\n',
      ],
      `${many}the end, without a newline`,
    );
    expect(configured).to.deep.equal(['sed', 'redis-server']);
    const failure = output.failure(1);
    expect(failure).to.include({ code: 'PACKAGE_SCRIPT_FAILED' });
    expect(failure.message).to.equal(
      'The package redis-server could not be installed: installed redis-server package post-installation script subprocess returned error exit status 3',
    );
    expect(failure.hint?.split('\n')).to.have.lengthOf(13);
    expect(failure.hint).to.match(/^What was printed last:\nline 9\n.*the end, without a newline$/s);
  });

  it('names the package of a preinst that failed, for which dpkg says nothing', () => {
    const output = new StageOutput(() => undefined);
    say(output, ['processing: preinst: libc6\n'], 'Kernel too old\n');
    expect(output.failure(2)).to.have.property(
      'message',
      'The package libc6 could not be installed: its script ended with status 2',
    );
    expect(new StageOutput(() => undefined).failure(137)).to.have.property(
      'message',
      "The packages' scripts could not be run: exit status 137",
    );
  });
});
