import { expect } from 'chai';
import { stagePlan, type ReadPackage } from '../../../../src/image-builder/bootstrap/second-stage.ts';
import { controlOf, fetchedOf } from './packages-fixture.ts';

const read = (name: string, fields: Record<string, string> = {}, scripts: string[] = []): ReadPackage => ({
  fetched: fetchedOf(name, `/${name}.deb`, fields),
  control: new Map([
    ['control', Buffer.from(controlOf(name, fields))],
    ...scripts.map((script): [string, Buffer] => [script, Buffer.from('#!/bin/sh\n')]),
  ]),
});
const plan = (base: ReadPackage[], late: ReadPackage[], early: ReadPackage[] = []): string[] =>
  stagePlan(
    base,
    late,
    [...base, ...late, ...early].map(({ fetched }) => fetched.record),
  )
    .trimEnd()
    .split('\n');

describe("what is left to a bootstrapped image's container", () => {
  it("is the base's preinst scripts, base-passwd's first, then its configuration by dpkg's names", () => {
    const base = [
      read('apt', {}, ['preinst', 'postinst']),
      read('base-passwd', {}, ['preinst']),
      read('libc6', { 'Multi-Arch': 'same' }, ['preinst']),
      read('sed'),
    ];
    expect(plan(base, [])).to.deep.equal([
      'preinst base-passwd base-passwd amd64',
      'preinst apt apt amd64',
      'preinst libc6:amd64 libc6 amd64',
      'configure apt base-passwd libc6:amd64 sed',
      'configure -a',
    ]);
  });

  it('and of the included, those to unpack there: after what they need, Pre-Depends configured', () => {
    const base = [read('sed')];
    const lib = read('lib');
    const late = [
      read('app', { Depends: 'middle' }, ['preinst']),
      read('middle', { 'Pre-Depends': 'virtual', Depends: 'sed' }, ['preinst']),
      read('zero', { Provides: 'virtual', Depends: 'lib, sed' }, ['preinst']),
    ];
    expect(plan(base, late, [lib])).to.deep.equal([
      'configure sed',
      'unpack zero_amd64.deb',
      'configure zero lib',
      'unpack middle_amd64.deb',
      'unpack app_amd64.deb',
      'configure -a',
    ]);
  });

  it('those that need one another come by name', () => {
    const late = [read('b', { Depends: 'a' }, ['preinst']), read('a', { Depends: 'b' }, ['preinst'])];
    expect(plan([read('sed')], late).slice(1, 3)).to.deep.equal(['unpack a_amd64.deb', 'unpack b_amd64.deb']);
  });
});
