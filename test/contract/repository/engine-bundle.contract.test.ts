import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildEngine, ENGINE_FLAGS } from '../../../tools/build-engine.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const inRoot = (path: string): Buffer => readFileSync(join(root, path));

describe("the engine's bundle", () => {
  it('leaves out what nobody uses: a whole zod, other languages, builtins that a start can do without', async () => {
    const { metafile, outputFiles } = await buildEngine(root, { metafile: true, write: false });
    const [output] = Object.values(metafile?.outputs ?? {});
    const kept = Object.entries(output?.inputs ?? {})
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => path);
    expect(kept).to.include('node_modules/zod/v4/classic/schemas.js');
    // It comes with `import { z }`, and with it half of the rest; `import * as z` takes what is used.
    expect(kept).not.to.include('node_modules/zod/v4/classic/from-json-schema.js');
    expect(kept.filter((path) => path.includes('locales/'))).to.deep.equal([
      'node_modules/zod/v4/locales/en.js',
    ]);
    const code = outputFiles?.[0]?.text ?? '';
    const early = [...code.matchAll(/=process\.getBuiltinModule\("(node:[\w/]+)"\)/g)].map(
      ([, name]) => name,
    );
    expect(early).to.include.members(['node:fs', 'node:http']);
    expect(early).not.to.include.oneOf(['node:crypto', 'node:fs/promises', 'node:https', 'node:zlib']);
    // A builtin's namespace as a value takes every export that the builtin has: node:http's WebSocket loads undici.
    expect([...code.matchAll(/\bnode_\w+_exports\b/g)].map(([name]) => name)).to.deep.equal([]);
    expect(code).not.to.include('.WebSocket');
  });

  it('is compiled under the flags that the guest starts it with', () => {
    const start = inRoot('vm-images/machine/root/usr/lib/wherry/boot/engine').toString();
    expect(start).to.include(`/usr/bin/node ${ENGINE_FLAGS.join(' ')} /usr/lib/wherry/start-engine.cjs`);
  });

  it('has code that V8 takes, of the architecture whose Node could make it', () => {
    const archs = new Map<string, string>([
      ['x64', 'amd64'],
      ['arm64', 'arm64'],
    ]);
    const arch = process.platform === 'linux' ? archs.get(process.arch) : undefined;
    const made = readdirSync(join(root, 'dist/engine')).filter((name) => name.endsWith('.code'));
    expect(made).to.deep.equal(arch === undefined ? [] : [`engine.${arch}.code`]);
    // In a process of its own: V8 refuses code under other flags, and tests set some.
    const takes = `
      const { readFileSync } = require('node:fs');
      const { Script } = require('node:vm');
      const source = readFileSync('engine.cjs', 'latin1');
      console.log(new Script(source, { cachedData: readFileSync(process.argv[1]) }).cachedDataRejected);`;
    for (const name of made) {
      const rejected = execFileSync(process.execPath, [...ENGINE_FLAGS, '-e', takes, name], {
        cwd: join(root, 'dist/engine'),
        encoding: 'utf8',
      });
      expect(rejected.trim()).to.equal('false');
    }
  });
});
