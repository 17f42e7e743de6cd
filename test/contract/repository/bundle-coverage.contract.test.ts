import { expect } from 'chai';
import { build } from 'esbuild';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../helpers/process.ts';

type BundleLines = (input: {
  code: string;
  map: unknown;
  scripts: unknown[];
  bundle: string;
}) => Map<string, Map<number, boolean>>;

describe("the guest's coverage", () => {
  it("finds the lines of a minified bundle's sources that ran, and those that did not", async () => {
    const module = new URL('../../../tools/bundle-coverage.js', import.meta.url).href;
    const { bundleLines } = (await import(module)) as { bundleLines: BundleLines };
    const directory = mkdtempSync(join(tmpdir(), 'wherry-coverage-'));
    try {
      const part = [
        'export function used(x: number) {',
        '  if (x > 1)',
        '    return 1;',
        '  return other();',
        '}',
      ];
      part.push('function other() {', '  return 2;', '}', 'export function unused() {', '  return 3;', '}');
      writeFileSync(join(directory, 'part.ts'), part.join('\n'));
      const main = [
        "import { unused, used } from './part.ts';",
        'used(0);',
        'if (process.argv[2]) unused();',
      ];
      writeFileSync(join(directory, 'main.ts'), main.join('\n'));
      const bundle = join(directory, 'bundle.mjs');
      await build({
        entryPoints: [join(directory, 'main.ts')],
        outfile: bundle,
        bundle: true,
        format: 'esm',
        minifySyntax: true,
        minifyWhitespace: true,
        sourcemap: 'external',
      });
      const raw = join(directory, 'raw');
      const ran = await runProgram(process.execPath, [bundle], { env: { NODE_V8_COVERAGE: raw } });
      expect(ran.status, ran.stderr).to.equal(0);
      const reports = readdirSync(raw).map(
        (name) => JSON.parse(readFileSync(join(raw, name), 'utf8')) as { result: { url: string }[] },
      );
      const scripts = reports.flatMap(({ result }) =>
        result.filter(({ url }) => url.endsWith('/bundle.mjs')),
      );
      const map: unknown = JSON.parse(readFileSync(`${bundle}.map`, 'utf8'));
      const files = bundleLines({ code: readFileSync(bundle, 'utf8'), map, scripts, bundle });
      const lines = files.get(join(directory, 'part.ts'));
      expect(
        [1, 4, 6, 7].map((line) => lines?.get(line)),
        'lines that ran',
      ).to.deep.equal([true, true, true, true]);
      expect(
        [9, 10].map((line) => lines?.get(line)),
        'lines that did not',
      ).to.deep.equal([false, false]);
      expect(files.get(join(directory, 'main.ts'))?.get(2)).to.equal(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
