import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../helpers/process.ts';
import type { TestSelection } from './mutants.ts';

const COPIED = ['src', 'test', 'bin', 'tools', 'vm-images', 'package.json', '.mocharc.json', '.oclifrc.json'];
const PATIENCE_MS = 180_000;

export interface TestOutcome {
  readonly passes: number;
  readonly failures: number;
  /** The first failed test's title. */
  readonly firstFailure: string | undefined;
}

/** A copy of the tree to break things in: nothing done in it reaches the real one. */
export interface ScratchTree {
  readonly root: string;
  /** Runs mocha on a selection. @throws Error with its output if it didn't run to its end */
  test(selection: TestSelection): Promise<TestOutcome>;
  remove(): void;
}

export function makeScratchTree(repository: string): ScratchTree {
  const root = mkdtempSync(join(tmpdir(), 'wherry-mutants-'));
  for (const path of COPIED) cpSync(join(repository, path), join(root, path), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'dir');
  // Tools are unpacked anew (their wrappers hold absolute paths), from what has been downloaded before.
  const downloads = join(repository, '.cache', 'downloads');
  mkdirSync(downloads, { recursive: true });
  mkdirSync(join(root, '.cache'));
  symlinkSync(downloads, join(root, '.cache', 'downloads'), 'dir');
  return {
    root,
    async test(selection) {
      const report = join(root, 'report.json');
      rmSync(report, { force: true });
      const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
      const reporting = ['--reporter', 'json', '--reporter-option', `output=${report}`];
      const result = await runProgram(process.execPath, [mocha, ...reporting, '--exit', ...selection], {
        cwd: root,
        timeoutMs: PATIENCE_MS,
      });
      if (!existsSync(report)) {
        throw new Error(
          `mocha did not run to its end (${result.status ?? result.signal}):\n${result.stderr}`,
        );
      }
      const { stats, failures } = JSON.parse(readFileSync(report, 'utf8')) as {
        stats: { passes: number; failures: number };
        failures: { fullTitle: string }[];
      };
      return { ...stats, firstFailure: failures[0]?.fullTitle };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
