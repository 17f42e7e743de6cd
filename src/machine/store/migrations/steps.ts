/**
 * One step per configVersion: `steps.get(n)` turns a machine.json of version n into one of version n + 1, and lives in
 * a file of its own in this folder (`v1-to-v2.ts`). Version 1 is the first, so there are none yet.
 */
export type Migration = (old: Record<string, unknown>) => Record<string, unknown>;

export const steps: ReadonlyMap<number, Migration> = new Map();
