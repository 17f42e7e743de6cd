import { expect } from 'chai';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { world } from '../helpers/e2e-hooks.ts';
import { untilProcesses } from '../helpers/machine/processes.ts';

const [SOURCE, CLONE] = ['copied', 'copy'] as const;
const NOTE = '/var/lib/wherry/note';

describe('copies of machines: clone, snapshots, upgrade', () => {
  const file = (machine: string, ...path: string[]) => join(world().home, 'machines', machine, ...path);
  const ok = (...args: string[]) => world().ok(['machine', ...args]);
  const inVm = (machine: string, script: string) => ok('ssh', machine, script);
  const engineId = async (machine: string) =>
    (await world().ok(['--machine', machine, 'info', '--format', '{{.ID}}'])).trim();
  const used = (path: string): number => statSync(path).blocks * 512;

  let sourceId: string;
  before(async () => {
    await ok('create', '--cpus', '1', '--memory', '512', '--disk', '3', SOURCE);
    sourceId = await engineId(SOURCE);
    await inVm(SOURCE, `echo one > ${NOTE}`);
  });
  after(async () => {
    await world().wherry(['machine', 'rm', '-f', SOURCE, CLONE]);
    for (const name of [SOURCE, CLONE]) {
      await untilProcesses(world().home, name, ({ qemu, agent }) => qemu.length + agent.length === 0);
    }
  });

  it('wants the machine stopped', async () => {
    const running = await world().wherry(['machine', 'clone', SOURCE, CLONE]);
    expect(running).to.include({ status: 1, stdout: '' });
    expect(running.stderr).to.equal(
      `Error: clone: machine "${SOURCE}" is not stopped, and its disk is written to\n  Stop it first:  wherry machine stop ${SOURCE}\n`,
    );
  });

  it('a clone has what the machine had, holes and all, and an identity of its own', async () => {
    await ok('stop', SOURCE);
    await ok('clone', SOURCE, CLONE);
    expect(used(file(CLONE, 'data.img'))).to.be.at.most(used(file(SOURCE, 'data.img')) + 2 ** 20);
    expect(await ok('snapshot', 'create', CLONE, 'first')).to.equal('first\n');
    expect(used(file(CLONE, 'snapshots', 'first', 'data.img'))).to.be.below(2 ** 30);
    await ok('start', CLONE);
    expect(await inVm(CLONE, `cat ${NOTE}; hostname`)).to.equal(`one\n${CLONE}\n`);
    const id = await engineId(CLONE);
    expect(id)
      .to.match(/^[\da-f-]{36}$/)
      .and.not.equal(sourceId);
    const key = (machine: string) => readFileSync(file(machine, 'known_hosts'), 'utf8').split(' ').at(-1);
    expect(key(CLONE)).not.to.equal(key(SOURCE));
  });

  it('a restored machine has what it had; its upgrade, from an image that is gone, brings it up', async () => {
    await inVm(CLONE, `echo two > ${NOTE}; sync`);
    await ok('kill', CLONE);
    await ok('snapshot', 'restore', '-y', CLONE, 'first');
    const path = file(CLONE, 'machine.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...config, imageId: '0'.repeat(64) }));
    const upgraded = await world().wherry(['machine', 'upgrade', CLONE]);
    expect(upgraded.status, upgraded.stderr).to.equal(0);
    const imageId = String(config['imageId']);
    expect(upgraded.stderr).to.contain(
      `Machine "${CLONE}" has the image ${imageId.slice(0, 12)} now, in place of 000000000000.\n`,
    );
    expect(JSON.parse(readFileSync(path, 'utf8'))).to.deep.equal(config);
    expect(await inVm(CLONE, `cat ${NOTE}`)).to.equal('one\n');
  });
});
