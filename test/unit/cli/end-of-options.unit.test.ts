import { expect } from 'chai';
import { endOptionsAtFirstPositional, spellOutBooleans } from '../../../src/cli/end-of-options.ts';

const FLAGS = {
  interactive: { type: 'boolean', char: 'i' },
  tty: { type: 'boolean', char: 't' },
  rm: { type: 'boolean' },
  'sig-proxy': { type: 'boolean', allowNo: true },
  env: { type: 'option', char: 'e' },
  workdir: { type: 'option', char: 'w' },
  name: { type: 'option' },
  network: { type: 'option', aliases: ['net'], charAliases: ['N'] },
} as const;

const CASES: readonly (readonly [string, string])[] = [
  ['busybox ls -t', '-- busybox ls -t'],
  ['busybox sh -c x -it', '-- busybox sh -c x -it'],
  ['-e A=1 busybox env', '-e A=1 -- busybox env'],
  ['-eA=1 busybox env -i', '-eA=1 -- busybox env -i'],
  ['-it busybox grep -e x', '-it -- busybox grep -e x'],
  ['-itw /tmp busybox pwd', '-itw /tmp -- busybox pwd'],
  ['--name=x --rm busybox --rm', '--name=x --rm -- busybox --rm'],
  ['--name x busybox -- y', '--name x -- busybox -- y'],
  ['-- busybox -t', '-- busybox -t'],
  ['--rm=true --tty=false busybox', '--rm -- busybox'],
  ['--rm', '--rm'],
  ['--sig-proxy=false busybox --rm=false', '--no-sig-proxy -- busybox --rm=false'],
  ['--net host busybox true', '--net host -- busybox true'],
  ['-N host busybox true', '-N host -- busybox true'],
];

describe('end of options', () => {
  for (const [input, expected] of CASES) {
    it(`reads ${input}`, () =>
      expect(endOptionsAtFirstPositional(input.split(' '), FLAGS).join(' ')).to.equal(expected));
  }
});

describe('boolean options of commands whose options may come last', () => {
  for (const [input, expected] of [
    ['box --rm=true --tty=false', 'box --rm'],
    ['box --sig-proxy=false --name=true', 'box --no-sig-proxy --name=true'],
    ['box -- --rm=true', 'box -- --rm=true'],
    ['box --rm=odd', 'box --rm=odd'],
  ] as const) {
    it(`are spelled out: ${input}`, () =>
      expect(spellOutBooleans(input.split(' '), FLAGS).join(' ')).to.equal(expected));
  }
});
