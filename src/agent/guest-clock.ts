import { messageOf } from '../core/errors.ts';
import type { DriverCapabilities } from '../drivers/capabilities.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';

export interface GuestClockParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Runs a command as root in the guest, with what it prints. */
  readonly run: (command: string, signal: AbortSignal) => Promise<string>;
  /** Whether the VM was there before: its clock may have been wrong for long. A boot takes the time from the config disk. */
  readonly atOnce: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** How soon a sleep of this computer is noticed. */
const TICK_MS = 1000;
/** A tick that took so much longer or shorter by the wall clock: the computer slept, was stopped, or its clock was set. */
const JUMP_MS = 1000;
/** Between two looks where nothing happens: oscillators drift by seconds a day. */
const ROUTINE_MS = 10 * 60_000;
/** To the first look after a boot, which has other things to do. */
const FIRST_MS = 60_000;
/** The guest tells whole seconds. */
const TOLERANCE_MS = 1500;
const ANSWER_MS = 10_000;

/** Whether the clock is a VM's of ours: somebody's host has whoever keeps it. */
export function hasOwnClock(capabilities: Pick<DriverCapabilities, 'composedImage' | 'power'>): boolean {
  return capabilities.composedImage && capabilities.power !== false;
}

/**
 * Keeps the clock of a VM right, until the signal: a guest's clock stands still while its computer sleeps, and nobody
 * tells it. What the wall clock does between two ticks tells of a sleep within a second of waking.
 */
export async function keepGuestClock(parts: GuestClockParts): Promise<void> {
  const { clock, log, signal } = parts;
  let wall = clock.now();
  let unanswered = 0;
  let due = parts.atOnce ? 0 : wall + FIRST_MS;
  try {
    for (;;) {
      await clock.sleep(TICK_MS, signal);
      const now = clock.now();
      const jump = Math.abs(now - wall - TICK_MS) > JUMP_MS;
      wall = now;
      if (!jump && now < due) continue;
      // After a sleep its connection may have to come back.
      if (jump) unanswered = 0;
      const answered = await checkOnce(parts, unanswered === 0);
      const wait = answered ? ROUTINE_MS : Math.min(TICK_MS * 2 ** unanswered, ROUTINE_MS);
      unanswered = answered ? 0 : unanswered + 1;
      due = clock.now() + wait;
      wall = clock.now();
    }
  } catch (error) {
    if (!signal.aborted) log.error("the guest's clock is no longer kept", { reason: messageOf(error) });
  }
}

/** @returns whether the guest's clock is known to be right now */
async function checkOnce({ clock, log, run, signal }: GuestClockParts, isNews: boolean): Promise<boolean> {
  const patience = new AbortController();
  const until = AbortSignal.any([signal, patience.signal]);
  const timeout = clock.sleep(ANSWER_MS, until).then(
    () => patience.abort(new Error(`no answer within ${ANSWER_MS} ms`)),
    () => undefined,
  );
  try {
    const asked = clock.now();
    const seconds = Number(await run('date +%s', until));
    const answered = clock.now();
    if (!Number.isSafeInteger(seconds)) throw new Error('it does not tell the time');
    const offset = seconds * 1000 + 500 - (asked + answered) / 2;
    // The time on the way is the answer's, not the clock's.
    if (Math.abs(offset) <= TOLERANCE_MS + (answered - asked) / 2) return true;
    const underway = (answered - asked) / 2;
    await run(`date -s @${Math.round((clock.now() + underway) / 1000)}`, until);
    log.info("the guest's clock was set", { wasOffByMs: Math.round(offset) });
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (isNews) log.warn("the guest's clock could not be looked at", { reason: messageOf(error) });
    return false;
  } finally {
    patience.abort(new Error('it has answered'));
    await timeout;
  }
}
