import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { expect } from 'chai';
import { widePipe } from '../../../../src/engine/sys/pipe.ts';
import { spawnProcess } from '../../../../src/engine/sys/spawn.ts';

describe('a wide pipe', () => {
  it('takes more than it holds, and nothing after it was closed: its number may be another file by then', async () => {
    const { readFd, writer } = widePipe();
    const child = spawnProcess('wc', ['-c'], { stdio: [readFd, 'pipe', 'ignore'] });
    const ended = once(child, 'close');
    closeSync(readFd);
    let counted = '';
    child.stdout?.on('data', (data: Buffer) => {
      counted += data.toString();
    });
    await writer.write(Buffer.alloc(3_000_000));
    await Promise.all([writer.close(), writer.close()]);
    await ended;
    expect(counted.trim()).to.equal('3000000');
    const late = await writer.write(Buffer.alloc(1)).then(() => 'written', String);
    expect(late).to.equal('Error: the pipe is closed');
  });

  it('that nobody reads says so, and closes all the same', async () => {
    const { readFd, writer } = widePipe();
    closeSync(readFd);
    const failed = await writer.write(Buffer.alloc(1)).then(() => 'written', String);
    expect(failed).to.contain('EPIPE');
    await writer.close();
  });
});
