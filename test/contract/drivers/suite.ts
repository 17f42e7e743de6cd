import { access, readdir } from 'node:fs/promises';
import { expect } from 'chai';
import { WherryError } from '../../../src/core/errors.ts';
import type { Driver, MachineSpec, StartOptions } from '../../../src/drivers/driver.ts';

/** A driver under test, with a machine that it can start and one whose start fails in the guest. */
export interface DriverSubject {
  /** Another one, as another process would have it. */
  readonly makeDriver: () => Driver;
  readonly spec: MachineSpec;
  /** The same machine with a guest that gives up. */
  readonly broken: MachineSpec;
  readonly timeoutMs: number;
  /** Where the data disk is, unless it is the spec's. */
  readonly dataDisk?: string;
  /** Where SSH is, unless that is a forwarded port of this computer. */
  readonly ssh?: { readonly sshHost: string; readonly sshPort: number };
  readonly cleanUp: () => Promise<void>;
}

/** What every driver owes its callers; run it against each one. */
export function driverSuite(name: string, prepare: () => Promise<DriverSubject>): void {
  describe(`driver contract: ${name}`, () => {
    let subject: DriverSubject;
    let driver: Driver;
    let spec: MachineSpec;
    let events: string[];

    const options = (signal = new AbortController().signal): StartOptions => ({
      signal,
      onLine: (line) => events.push(line.event),
      onNote: (note) => expect(note).to.match(/^\S+ is not usable here \(.+\); running under emulation/),
      timeoutMs: subject.timeoutMs,
    });
    const statusNow = async (): Promise<string> => (await subject.makeDriver().status(spec)).status;

    before(async () => {
      subject = await prepare();
    });
    beforeEach(async () => {
      events = [];
      ({ spec } = subject);
      driver = subject.makeDriver();
      await driver.create(spec);
    });
    afterEach(() => driver.kill(spec));
    after(() => subject.cleanUp());

    it('makes a machine that is stopped, and makes it again after a crash', async () => {
      expect(await statusNow()).to.equal('stopped');
      await driver.create(spec);
      await access(subject.dataDisk ?? spec.dataDisk);
      expect(await statusNow()).to.equal('stopped');
    });

    it('starts with the readiness lines in order, and others see it run', async () => {
      const vm = await driver.start(spec, options());
      expect(events).to.deep.equal(['booted', 'ssh', 'engine']);
      const seen = await subject.makeDriver().status(spec);
      expect(seen).to.deep.equal({ status: 'running', vm });
      if (subject.ssh !== undefined) expect(vm).to.include(subject.ssh);
      else if (driver.capabilities.ssh) {
        expect(vm.sshHost).to.equal('127.0.0.1');
        expect(vm.sshPort).to.be.within(42_200, 42_999);
      }
    });

    it('says what the VM will run on before it powers it on, and waits for what is written then', async () => {
      let told: unknown;
      const vm = await driver.start(spec, {
        ...options(),
        async beforePowerOn(facts) {
          expect(await statusNow()).to.equal('stopped');
          told = facts;
        },
      });
      expect(told).to.deep.equal({ accelerator: vm.accelerator });
      await driver.kill(spec);
      const reason = new Error('the disk is full');
      const start = driver.start(spec, { ...options(), beforePowerOn: () => Promise.reject(reason) });
      expect(await start.catch((error: unknown) => error)).to.equal(reason);
      expect(await statusNow()).to.equal('stopped');
    });

    it('refuses a second start and leaves the first alone', async () => {
      await driver.start(spec, options());
      expect(await codeOf(driver.start(spec, options()))).to.equal('ALREADY_RUNNING');
      expect(await statusNow()).to.equal('running');
    });

    it('stops, by another process than the one that started it, and again without harm', async () => {
      await driver.start(spec, options());
      await subject.makeDriver().stop(spec, subject.timeoutMs);
      expect(await statusNow()).to.equal('stopped');
      await driver.stop(spec, subject.timeoutMs);
      await driver.start(spec, options());
      expect(await statusNow()).to.equal('running');
    });

    it('kills, and again without harm', async () => {
      await driver.start(spec, options());
      await subject.makeDriver().kill(spec);
      expect(await statusNow()).to.equal('stopped');
      await driver.kill(spec);
    });

    it('ends an aborted start with the reason, and leaves nothing running', async () => {
      const reason = new Error('the user said so');
      const start = driver.start(spec, options(AbortSignal.abort(reason)));
      expect(await start.catch((error: unknown) => error)).to.equal(reason);
      expect(await statusNow()).to.equal('stopped');
    });

    it('says which step of a boot failed, where the console is, and leaves nothing running', async () => {
      const error = await driver.start(subject.broken, options()).catch((failure: unknown) => failure);
      if (!(error instanceof WherryError)) throw error;
      expect(error.code).to.equal('BOOT_FAILED');
      expect(error.message).to.match(new RegExp(`^"${spec.name}" did not boot: .+ \\(last step: \\w+\\)$`));
      expect(error.hint).to.contain(`wherry machine logs ${spec.name}`);
      expect(await statusNow()).to.equal('stopped');
      await driver.start(spec, options());
    });

    it('removes all that it made, running or not, and again without harm', async () => {
      await driver.start(spec, options());
      await driver.remove(spec);
      expect(await statusNow()).to.equal('stopped');
      expect(await readdir(spec.directory)).to.deep.equal(['config.img']);
      await driver.remove(spec);
    });
  });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('it was not refused'),
    (failure: unknown) => failure,
  );
  if (error instanceof WherryError) return error.code;
  throw error;
}
