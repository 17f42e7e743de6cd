import { expect } from 'chai';
import {
  formatPlatform,
  nativePlatform,
  parsePlatform,
  selectPlatform,
} from '../../../../src/engine/images/platform.ts';

const entry = (name: string, os: string, architecture: string, variant?: string) => ({
  name,
  platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
});

describe('platforms', () => {
  const offered = [
    entry('attestation', 'unknown', 'unknown'),
    entry('windows', 'windows', 'amd64'),
    entry('arm-v5', 'linux', 'arm', 'v5'),
    entry('arm-v6', 'linux', 'arm', 'v6'),
    entry('arm64', 'linux', 'arm64', 'v8'),
    entry('amd64', 'linux', 'amd64'),
    entry('amd64-v3', 'linux', 'amd64', 'v3'),
  ];
  const select = (text: string) => selectPlatform(offered, parsePlatform(text))?.name;

  it('takes the exact one', () => {
    expect(select('linux/amd64')).to.equal('amd64');
    expect(select('linux/amd64/v3')).to.equal('amd64-v3');
  });
  it('knows arm64 as v8, with and without saying so', () => {
    expect(select('linux/arm64')).to.equal('arm64');
    expect(selectPlatform([entry('bare', 'linux', 'arm64')], nativePlatform('arm64'))?.name).to.equal('bare');
  });
  it('falls back from arm v7 to v6, and never up', () => {
    expect(select('linux/arm/v7')).to.equal('arm-v6');
    expect(select('linux/arm/v5')).to.equal('arm-v5');
  });
  it('falls back from amd64 v2 to plain amd64', () => expect(select('linux/amd64/v2')).to.equal('amd64'));
  it('never takes an attestation, nor an entry that says nothing', () => {
    expect(select('unknown/unknown')).to.equal(undefined);
    expect(selectPlatform([{}, {}], parsePlatform('linux/amd64'))).to.equal(undefined);
  });
  it('has nothing for s390x', () => expect(select('linux/s390x')).to.equal(undefined));
  it('reads other spellings', () => {
    expect(formatPlatform(parsePlatform('linux/aarch64'))).to.equal('linux/arm64/v8');
    expect(formatPlatform(parsePlatform('x86_64'))).to.equal('linux/amd64');
    expect(formatPlatform(parsePlatform('linux/armhf'))).to.equal('linux/arm/v7');
  });
  it('refuses what is none', () => {
    for (const text of ['linux/amd64/v1/x', 'linux//', 'li nux/amd64']) {
      expect(() => parsePlatform(text), text).to.throw('invalid OS-and-architecture specifier');
    }
  });
});
