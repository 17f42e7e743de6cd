import { expect } from 'chai';
import { endOptionsAtFirstPositional } from '../../../src/cli/end-of-options.ts';

const FLAGS = {
  interactive: { type: 'boolean', char: 'i' },
  tty: { type: 'boolean', char: 't' },
  rm: { type: 'boolean' },
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
  ['--net host busybox true', '--net host -- busybox true'],
  ['-N host busybox true', '-N host -- busybox true'],
];

describe('end of options', () => {
  for (const [input, expected] of CASES) {
    it(`reads ${input}`, () =>
      expect(endOptionsAtFirstPositional(input.split(' '), FLAGS).join(' ')).to.equal(expected));
  }
});
