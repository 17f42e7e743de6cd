import { expect } from 'chai';
import { Writable } from 'node:stream';
import { eachMachine } from '../../../src/cli/machine/each-machine.ts';
import type { Terminal } from '../../../src/cli/streams/terminal.ts';
import { WherryError } from '../../../src/core/errors.ts';

describe('what is done to each machine', () => {
  const run = async (names: string, act: (name: string, abort: AbortController) => Promise<void>) => {
    const abort = new AbortController();
    const done: string[] = [];
    let said = '';
    const stderr = new Writable({
      write(chunk: Buffer, _encoding, written) {
        said += chunk.toString();
        written();
      },
    });
    const ended = await eachMachine(
      names.split(' '),
      { stderr } as unknown as Terminal,
      abort.signal,
      (name) => {
        done.push(name);
        return act(name, abort);
      },
    ).then(
      () => 0,
      (error: Error & { status?: number }) => error.status ?? error.name,
    );
    return { done: done.join(' '), said, ended };
  };

  it('is done to the others, too, where one fails; its hint and its status are told', async () => {
    const failure = new WherryError({ code: 'BOOT', message: 'no boot', hint: 'try this', exitCode: 125 });
    const act = (name: string) => (name === 'b' ? Promise.reject(failure) : Promise.resolve());
    expect(await run('a b c', act)).to.deep.equal({
      done: 'a b c',
      said: 'Error: no boot\n  try this\n',
      ended: 125,
    });
    expect(await run('a c', act)).to.deep.equal({ done: 'a c', said: '', ended: 0 });
  });

  it('ends with an interruption, which has nothing to say', async () => {
    const act = (_name: string, abort: AbortController) => {
      abort.abort();
      return Promise.reject(abort.signal.reason as Error);
    };
    expect(await run('a b c', act)).to.deep.equal({ done: 'a', said: '', ended: 'AbortError' });
    expect(await run('a', act)).to.deep.equal({ done: 'a', said: '', ended: 130 });
  });
});
