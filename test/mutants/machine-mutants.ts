import type { Mutant, TestSelection } from './mutants.ts';

const WALK: TestSelection = ['test/unit/machine/fault-walk.unit.test.ts'];
const SNAPSHOTS: TestSelection = ['test/unit/machine/snapshots.unit.test.ts'];

/** Breaks in what machines are carried through. */
export const MACHINE_MUTANTS: readonly Mutant[] = [
  {
    what: "the guest's clock stands where the computer's sleep left it",
    file: 'src/agent/guest-clock.ts',
    find: 'const jump = Math.abs(now - wall - TICK_MS) > JUMP_MS;',
    replace: 'const jump = false;',
    tests: ['test/unit/agent/guest-clock.unit.test.ts'],
  },
  {
    what: 'a restore that a crash cut off is never finished',
    file: 'src/machine/off.ts',
    find: '  await finishRestore(files);\n',
    replace: '',
    tests: SNAPSHOTS,
  },
  {
    what: 'a restart leaves it to the driver whether the VM is saved and goes on as it was',
    file: 'src/machine/stop.ts',
    find: ', { powerOff: true }',
    replace: '',
    tests: ['test/unit/machine/power-off.unit.test.ts'],
  },
  {
    what: 'an upgrade is written down before the new image has come up',
    file: 'src/machine/upgrade.ts',
    find: '  await stopHeld(context, name, report);\n',
    replace:
      '  await stopHeld(context, name, report);\n  await context.store.save({ ...machine.config, imageId: newest.id });\n',
    tests: ['test/unit/machine/upgrade.unit.test.ts'],
  },
  {
    what: 'a lock that could not be taken is kept, and waited for by who has it',
    file: 'src/platform/lock.ts',
    find: '      if (made) await truncate(target);\n',
    replace: '',
    tests: WALK,
  },
  {
    what: 'a clone has its original’s identity',
    file: 'src/machine/clone.ts',
    find: '    identity: randomUUID(),\n',
    replace: '',
    tests: ['test/unit/machine/clone.unit.test.ts'],
  },
];
