import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** What happens at one step: the step fails, or Ctrl-C comes before it. */
export type Mischief = 'fault' | 'interrupt';

/** The calls that change a disk: each is a step. */
const STEPS = [
  'open',
  'writeFile',
  'appendFile',
  'copyFile',
  'rename',
  'link',
  'mkdir',
  'rm',
  'rmdir',
  'chmod',
] as const;
const HANDLE_STEPS = ['writeFile', 'write', 'truncate', 'sync'] as const;

type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

export interface StepsTaken {
  /** How many steps there were. */
  readonly count: number;
  /** The call that was struck; undefined where there weren't as many. */
  readonly struck: string | undefined;
}

/**
 * Runs `work` with its `at`th step (counted from 1) struck: every call of node:fs/promises, and of its file handles, that
 * writes is one. `interrupt` is called before the step where `mischief` is that; otherwise the step fails with EIO.
 */
export async function withMischief(
  mischief: Mischief,
  at: number,
  interrupt: () => void,
  work: () => Promise<void>,
): Promise<StepsTaken> {
  let count = 0;
  let struck: string | undefined;
  const step = async (name: string, args: readonly unknown[]): Promise<void> => {
    count += 1;
    if (count !== at) return;
    struck = `${name} ${typeof args[0] === 'string' ? args[0] : ''}`.trim();
    if (mischief === 'interrupt') interrupt();
    else throw Object.assign(new Error(`EIO: struck at step ${at}, ${struck}`), { code: 'EIO' });
  };
  const handles = await handleMethods();
  const undo = [
    ...STEPS.map((name) => wrap(fs as unknown as Methods, name, step)),
    ...HANDLE_STEPS.map((name) => wrap(handles, name, step)),
  ];
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    for (const restore of undo) restore();
    syncBuiltinESMExports();
  }
  return { count, struck };
}

/** Until it is undone, nothing waits for the disk: a walk takes thousands of these, and a crash of this computer isn't in it. */
export async function withoutSync(): Promise<() => void> {
  const handles = await handleMethods();
  const { sync } = handles;
  handles['sync'] = () => Promise.resolve();
  return () => {
    if (sync !== undefined) handles['sync'] = sync;
  };
}

async function handleMethods(): Promise<Methods> {
  const probe = await fs.open(import.meta.filename);
  await probe.close();
  return Object.getPrototypeOf(probe) as Methods;
}

function wrap(
  target: Methods,
  name: string,
  step: (name: string, args: readonly unknown[]) => Promise<void>,
): () => void {
  const original = target[name];
  if (original === undefined) throw new Error(`node:fs/promises has no ${name}`);
  target[name] = async function (this: unknown, ...args: unknown[]) {
    await step(name, args);
    return original.apply(this, args);
  };
  return () => void (target[name] = original);
}
