import { expect } from 'chai';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeOwnerOnlyDirectory, writeFileAtomic } from '../../../src/platform/atomic-file.ts';
import { systemExec } from '../../../src/platform/exec.ts';
import { acquireLock } from '../../../src/platform/lock.ts';
import { openLogFile } from '../../../src/platform/log.ts';
import { systemProcesses } from '../../../src/platform/process-identity.ts';

describe('platform, against this computer', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-exec-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('runs a program with its arguments as they are', async () => {
    const script = 'process.stdout.write(JSON.stringify(process.argv.slice(1))); process.exitCode = 3';
    const result = await systemExec.run([process.execPath, '-e', script, '$HOME `x`', "it's"]);
    expect(result).to.include({ exitCode: 3, stdout: '["$HOME `x`","it\'s"]' });
  });

  it('says when a program is missing or fails', async () => {
    const missing = await systemExec.run(['wherry-no-such-program']).catch((error: unknown) => error);
    expect(missing).to.include({ code: 'EXEC_NOT_FOUND' });
    const script = 'console.error("first"); console.error("because"); process.exit(4)';
    const failed = await systemExec.check([process.execPath, '-e', script]).catch((error: unknown) => error);
    expect(failed).to.include({ message: `${process.execPath} failed with status 4: because` });
  });

  it('stops a program on abort, with the reason of the signal', async () => {
    const abort = new AbortController();
    const running = systemExec.run([process.execPath, '-e', 'setInterval(() => {}, 1000)'], {
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(new Error('Ctrl-C')), 50);
    expect(await running.catch((error: unknown) => error)).to.have.property('message', 'Ctrl-C');
  });

  it('starts a detached program, hears its ready line, tells its identity, sees it end', async () => {
    const log = join(directory, 'out.log');
    const script =
      'process.stdout.on("error", () => {}); console.error("noise"); console.log("ready"); setInterval(() => {}, 1000)';
    const child = await systemExec.spawnDetached([process.execPath, '-e', script], {
      outputFile: log,
      pipeStdout: true,
    });
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    expect(String(line)).to.equal('ready\n');
    const identity = await systemProcesses.identify(child.pid);
    expect(await systemProcesses.isAlive(identity!)).to.equal(true);
    expect(await systemProcesses.signal(identity!, 'SIGKILL')).to.equal(true);
    expect((await child.exited).signal).to.equal('SIGKILL');
    expect(await systemProcesses.isAlive(identity!)).to.equal(false);
    expect(await readFile(log, 'utf8')).to.equal('noise\n');
  });

  it('takes over the lock of a process that was killed with it', async () => {
    const lockModule = new URL('../../../src/platform/lock.ts', import.meta.url).href;
    const script = `const {acquireLock} = await import(${JSON.stringify(lockModule)});
      await acquireLock(process.argv[1], {purpose: 'machine start x'}); console.log('held'); setInterval(() => {}, 1000)`;
    const lock = join(directory, 'lock');
    const argv = [process.execPath, '--input-type=module', '-e', script, lock];
    const holder = await systemExec.spawnDetached(argv, { pipeStdout: true });
    await once(holder.stdout!, 'data');
    const refused = await acquireLock(lock, { purpose: 'y' }).catch((error: unknown) => error);
    expect(refused).to.have.property(
      'message',
      `another wherry (pid ${holder.pid}, "machine start x") is working on it`,
    );
    process.kill(holder.pid, 'SIGKILL');
    await holder.exited;
    await (await acquireLock(lock, { purpose: 'y' })).release();
  });

  it('writes owner-only files and directories', async () => {
    const inner = join(directory, 'a', 'b');
    await makeOwnerOnlyDirectory(inner);
    await writeFileAtomic(join(inner, 'f'), 'one');
    await writeFileAtomic(join(inner, 'f'), 'two');
    expect((await stat(inner)).mode & 0o777).to.equal(0o700);
    expect((await stat(join(inner, 'f'))).mode & 0o777).to.equal(0o600);
    expect(await readFile(join(inner, 'f'), 'utf8')).to.equal('two');
  });

  it('logs JSON lines and sets a grown log aside', async () => {
    const path = join(directory, 'x.log');
    openLogFile(path, 10).info('first', { n: 1 });
    openLogFile(path, 10).warn('second');
    expect(JSON.parse(await readFile(`${path}.1`, 'utf8'))).to.include({ message: 'first', n: 1 });
    expect(JSON.parse(await readFile(path, 'utf8'))).to.include({ message: 'second', level: 'warn' });
  });
});
