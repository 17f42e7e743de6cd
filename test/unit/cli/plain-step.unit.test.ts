import { expect } from 'chai';
import { Writable } from 'node:stream';
import { plainStep } from '../../../src/cli/tasks/plain-step.ts';
import type { Terminal } from '../../../src/cli/streams/terminal.ts';

describe('a step in a log', () => {
  const printed: string[] = [];
  let arrived: () => void = () => undefined;
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, written) {
      printed.push(chunk.toString());
      arrived();
      written();
    },
  });
  const terminal = { stderr } as unknown as Terminal;
  beforeEach(() => printed.splice(0));

  it('is one line where it is short', async () => {
    const work = async (say: (line: string) => void) => {
      say('first');
      return { value: 7, summary: 'all done' };
    };
    expect(await plainStep(terminal, 'Compose', work)).to.equal(7);
    expect(printed.join('')).to.match(/^✔ Compose {24}all done {2}\(\d+\.\d s\)\n$/);
  });

  it('tells now and then what it is at, and stops with the work, also if that fails', async () => {
    const next = () => new Promise<void>((resolve) => (arrived = resolve));
    const work = async (say: (line: string) => void) => {
      say('fetching a');
      say('fetching b');
      await next();
      say('unpacking');
      await next();
      throw new Error('no');
    };
    const failed = await plainStep(terminal, 'Compose', work, 5).then(
      () => 'nothing was thrown',
      (error: Error) => error.message,
    );
    expect(failed).to.equal('no');
    expect(printed[0]).to.match(/^… Compose +fetching b {2}\(\d+\.\d s\)\n$/);
    expect(printed.at(-1)).to.match(/^… Compose +unpacking /);
    const count = printed.length;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(printed).to.have.length(count);
  });
});
