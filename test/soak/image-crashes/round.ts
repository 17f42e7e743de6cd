import { setTimeout as delay } from 'node:timers/promises';
import { untilAnswers } from '../engine-kills/check.ts';
import { brokenImages, orphans } from './check.ts';
import { fillDisk, freeDisk, killEngine, panic } from './faults.ts';
import type { GuestShell } from './guest-shell.ts';
import type { CrashImage } from './images.ts';
import { Ledger } from './ledger.ts';
import { ask, type Asked, type Operation, type Store } from './operations.ts';
import { planFor, type Fault, type Plan } from './plan.ts';

/** A machine to crash while it pulls and removes images. Nobody else uses it. */
export interface Victim extends Store {
  readonly images: readonly CrashImage[];
  readonly ledger: Ledger;
  /** How long each operation takes when nothing happens, in milliseconds. */
  readonly usualMs: Map<Operation, number>;
  shell(): GuestShell;
  /** Resolves when the VM is gone; then starts it again. */
  restart(): Promise<void>;
}

export interface CrashRecord {
  readonly index: number;
  readonly fault: Fault;
  readonly afterMs: number;
  /** `pull one: cut off`, …: what was asked for, and what became of it. */
  readonly asked: readonly string[];
  /** The fault came before the last answer; a disk that is full from the beginning comes at no moment. */
  readonly midway: boolean;
  readonly failure?: string | undefined;
}

/** Pulls and removes images, has the seed's fault happen at the seed's moment, and looks at what is left of them. */
export async function crashRound(victim: Victim, seed: number, index: number): Promise<CrashRecord> {
  const plan = planFor(seed, index, victim.images, victim.ledger);
  const first = plan.asked[0]?.operation ?? 'pull';
  const afterMs = Math.round((victim.usualMs.get(first) ?? 0) * plan.moment);
  let midway = false;
  const record = (failures: readonly string[]): CrashRecord => ({
    index,
    fault: plan.fault,
    afterMs,
    asked: plan.asked.map(described),
    midway,
    failure: failures.length === 0 ? undefined : failures.join('\n'),
  });
  try {
    if (plan.fault.startsWith('full disk')) await fillDisk(victim.shell(), plan.bytesLeft);
    const answers = plan.asked.map((asked) => ask(victim, asked));
    for (const answer of answers) answer.catch(() => undefined); // awaited below
    await delay(afterMs);
    midway = plan.fault !== 'full disk' && plan.asked.some(({ outcome }) => outcome === undefined);
    const failures = await happen(victim, plan, async () => void (await Promise.all(answers)));
    return record([...failures, ...(await aftermath(victim, plan.asked))]);
  } catch (error) {
    return record([error instanceof Error ? (error.stack ?? error.message) : String(error)]);
  }
}

const described = ({ operation, image, outcome }: Asked): string => {
  const detail = outcome?.kind === 'refused' ? ` (${outcome.message})` : '';
  return `${operation} ${image.name}: ${outcome?.kind ?? 'no answer'}${detail}`;
};

/** The fault, until an engine answers again. @returns what was not as it should be meanwhile */
async function happen(
  victim: Victim,
  { fault, asked }: Plan,
  answered: () => Promise<void>,
): Promise<string[]> {
  if (fault === 'panic') {
    panic(victim.shell());
    await victim.restart();
    await answered();
    return [];
  }
  if (fault === 'kill') {
    await killEngine(victim.shell());
    await answered();
    await untilAnswers(victim.client);
    return [];
  }
  try {
    if (fault === 'full disk and kill') await killEngine(victim.shell());
    await answered();
    await untilAnswers(victim.client);
    const stuck = asked.filter(
      ({ operation, outcome }) => operation === 'remove' && outcome?.kind === 'refused',
    );
    return stuck.map((removal) => `on a full disk, where only removals help: ${described(removal)}`);
  } finally {
    await freeDisk(victim.shell());
  }
}

/** What was acknowledged holds; what was not can be asked for again; nothing else stays. @returns what isn't so */
async function aftermath(victim: Victim, asked: readonly Asked[]): Promise<string[]> {
  const { ledger, images } = victim;
  const again = asked.filter(({ outcome }) => outcome?.kind !== 'acknowledged');
  for (const each of asked) if (!again.includes(each)) ledger.note(each);
  const open = new Set(again.map(({ image }) => image));
  // Before anything is asked again: that would mend what was lost.
  const failures = await brokenImages(
    victim,
    ledger,
    images.filter((image) => !open.has(image)),
  );
  for (const { operation, image } of again) {
    const repeated: Asked = { operation, image };
    const outcome = await ask(victim, repeated);
    if (outcome.kind === 'acknowledged') ledger.note(repeated);
    else failures.push(`when it was asked for again: ${described(repeated)}`);
  }
  failures.push(...(await brokenImages(victim, ledger, [...open])));
  failures.push(...(await orphans(victim, victim.shell(), ledger, images)));
  return failures;
}
