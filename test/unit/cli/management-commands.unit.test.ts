import { expect } from 'chai';
import { secondNames, spellOutManagement } from '../../../src/cli/management-commands.ts';

describe("docker's management commands", () => {
  it('are second names', () => {
    expect(spellOutManagement(['container', 'run', '-it', 'busybox'])).to.deep.equal([
      'run',
      '-it',
      'busybox',
    ]);
    expect(spellOutManagement(['container', 'ls', '-a'])).to.deep.equal(['ps', '-a']);
    expect(spellOutManagement(['image', 'rm', 'x'])).to.deep.equal(['rmi', 'x']);
    expect(spellOutManagement(['image', 'inspect', 'x'])).to.deep.equal(['inspect', '--type', 'image', 'x']);
    expect(spellOutManagement(['system', 'info'])).to.deep.equal(['info']);
  });

  it('leave everything else alone', () => {
    for (const words of [
      ['container', 'prune'],
      ['run', 'container', 'ls'],
      ['container'],
      [],
      ['toString', 'x'],
    ]) {
      expect(spellOutManagement(words)).to.deep.equal(words);
    }
  });

  it('are listed with what they mean', () => {
    expect(secondNames('image')).to.deep.include(['ls', 'images']).and.deep.include(['pull', 'pull']);
    expect(secondNames('machine')).to.deep.equal([]);
  });
});
