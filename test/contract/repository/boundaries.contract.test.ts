import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Lints one more file in `area` that imports `specifier`; the lint's output, or undefined if it passed. */
function lintWith(area: string, specifier: string): string | undefined {
  const directory = mkdtempSync(join(root, 'src', area, 'boundary-check-'));
  const file = join(directory, 'planted.ts');
  writeFileSync(file, `import * as planted from '${specifier}';\nexport const used = planted;\n`);
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/oxlint/bin/oxlint'), relative(root, file)], {
      cwd: root,
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return undefined;
  } catch (error) {
    return (error as { stdout: string }).stdout;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

// [area, what it imports from one folder below]. DESIGN, "Folders".
const FORBIDDEN: readonly (readonly [string, string])[] = [
  ['engine', '../../platform/exec.ts'],
  ['engine', '../../cli/main.ts'],
  ['engine', 'node:child_process'],
  ['platform', '../../engine/errors.ts'],
  ['machine', '../../cli/main.ts'],
  ['machine', '../../image-builder/compose.ts'],
  ['machine', '../../agent/main.ts'],
  ['machine/store', '../../../drivers/driver.ts'],
  ['agent', '../../machine/start.ts'],
  ['drivers', '../../machine/start.ts'],
  ['drivers/fake', '../../qemu/qemu-driver.ts'],
  ['drivers', 'ssh2'],
  ['ssh', '../../machine/start.ts'],
  ['image-builder', 'node:child_process'],
  ['machine', 'listr2'],
  ['agent', '@oclif/core'],
  ['core', '../../platform/exec.ts'],
  ['protocol', '../../engine/errors.ts'],
];

const ALLOWED: readonly (readonly [string, string])[] = [
  ['engine', '../../core/units.ts'],
  ['machine', '../../agent/client/ensure-agent.ts'],
  ['agent', '../../machine/store/filenames.ts'],
  ['cli', '../../image-builder/compose.ts'],
];

describe('import boundaries', function () {
  this.timeout(60_000);
  for (const [area, specifier] of FORBIDDEN) {
    it(`refuses ${specifier} in src/${area}`, () => {
      expect(lintWith(area, specifier)).to.match(/no-restricted-imports/);
    });
  }
  for (const [area, specifier] of ALLOWED) {
    it(`takes ${specifier} in src/${area}`, () => {
      expect(lintWith(area, specifier) ?? '').not.to.match(/no-restricted-imports/);
    });
  }
});
