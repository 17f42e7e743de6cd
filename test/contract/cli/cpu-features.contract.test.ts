import { expect } from 'chai';
import { hostCpu } from '../../../src/cli/cpu-features.ts';
import { runProgram } from '../../helpers/process.ts';

/** What node-gyp needs to build a native add-on. */
const COMPILER = 'command -v c++ && command -v make && command -v python3';

describe('the host’s processor', () => {
  it('is described by cpu-features wherever that could be built', async () => {
    const { status } = await runProgram('sh', ['-c', COMPILER]);
    const cpu = hostCpu();
    if (status === 0) {
      expect(cpu.source, `${cpu.reason}: is it built for this Node? (node tools/rebuild-native.js)`).to.equal(
        'cpu-features',
      );
      expect(cpu.features).to.include(process.arch === 'x64' ? 'sse2' : 'asimd');
    } else {
      expect(cpu.source).to.equal('fallback');
    }
  });

  it('falls back, with the reason, where the native module is missing', () => {
    const cpu = hostCpu(() => {
      throw new Error('no such module');
    });
    expect(cpu).to.include({ source: 'fallback', reason: 'no such module' });
    expect(cpu.model).not.to.equal('');
  });
});
