import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

interface Planted {
  readonly directory: string;
  readonly file: string;
}

/** One more file in `area` that imports `specifier`. */
function plant([area, specifier]: readonly [string, string]): Planted {
  const directory = mkdtempSync(join(root, 'src', area, 'boundary-check-'));
  const file = join(directory, 'planted.ts');
  writeFileSync(file, `import * as planted from '${specifier}';\nexport const used = planted;\n`);
  return { directory, file: relative(root, file) };
}

/** Lints the files in one go. @returns those that import what they must not */
function refused(files: readonly string[]): Set<string> {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/oxlint/bin/oxlint'), '--format', 'json', ...files],
    { cwd: root, encoding: 'utf8' },
  );
  if (!stdout.startsWith('{')) throw new Error(`${stdout}\n${stderr}`);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] };
  const restricted = diagnostics.filter(({ code }) => code.includes('no-restricted-imports'));
  return new Set(restricted.map(({ filename }) => filename));
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

describe('import boundaries', () => {
  const planted = [...FORBIDDEN, ...ALLOWED].map((import_): [readonly [string, string], Planted?] => [
    import_,
  ]);
  let found: Set<string>;
  const fileOf = (wanted: readonly [string, string]): string =>
    planted.find(([import_]) => import_ === wanted)?.[1]?.file ?? 'not planted';

  before(() => {
    for (const entry of planted) entry[1] = plant(entry[0]);
    found = refused(planted.map(([import_]) => fileOf(import_)));
  });
  after(() => {
    for (const [, plant_] of planted) if (plant_) rmSync(plant_.directory, { recursive: true });
  });

  for (const import_ of FORBIDDEN) {
    it(`refuse ${import_[1]} in src/${import_[0]}`, () => {
      expect(found).to.include(fileOf(import_));
    });
  }
  for (const import_ of ALLOWED) {
    it(`take ${import_[1]} in src/${import_[0]}`, () => {
      expect(fileOf(import_)).not.to.equal('not planted');
      expect(found).not.to.include(fileOf(import_));
    });
  }
});
