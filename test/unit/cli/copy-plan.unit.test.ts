import { expect } from 'chai';
import { posix, win32 } from 'node:path';
import { parseCopyArgument } from '../../../src/cli/copy/argument.ts';
import { splitEntry, withEndOf } from '../../../src/cli/copy/path-ends.ts';
import { planCopy, renaming } from '../../../src/cli/copy/plan.ts';

describe('the words of cp', () => {
  it('name a container or this computer', () => {
    const read = (text: string, style = posix) => {
      const { container, path } = parseCopyArgument(text, style.isAbsolute);
      return container === '' ? path : [container, path];
    };
    expect(read('box:/etc')).to.deep.equal(['box', '/etc']);
    expect(read('box:a:b')).to.deep.equal(['box', 'a:b']);
    expect(read('box:')).to.deep.equal(['box', '']);
    expect(read('./file:name')).to.equal('./file:name');
    expect(read('/abs:x')).to.equal('/abs:x');
    expect(read('-')).to.equal('-');
    expect(read('C:\\dir', win32)).to.equal('C:\\dir');
    expect(read('c:/dir', win32)).to.equal('c:/dir');
    expect(read('C:\\dir')).to.deep.equal(['C', '\\dir']);
    expect(read('box:C:\\dir', win32)).to.deep.equal(['box', 'C:\\dir']);
  });

  it('are taken apart by their ends', () => {
    const parts = (path: string, style = posix) => Object.values(splitEntry(path, style));
    expect(parts('/a/b')).to.deep.equal(['/a', 'b']);
    expect(parts('/a/b/')).to.deep.equal(['/a', 'b']);
    expect(parts('/a/b/.')).to.deep.equal(['/a/b', '.']);
    expect(parts('/')).to.deep.equal(['/', '/']);
    expect(parts('.')).to.deep.equal(['.', '.']);
    expect(parts('C:\\a\\b\\', win32)).to.deep.equal(['C:\\a', 'b']);
    expect(parts('C:\\a\\.', win32)).to.deep.equal(['C:\\a', '.']);
    expect(withEndOf('/a/b', 'b/.', posix)).to.equal('/a/b/.');
    expect(withEndOf('/a/b', 'b/', posix)).to.equal('/a/b/');
    expect(withEndOf('/', '/', posix)).to.equal('/');
  });

  const file = (path: string) => ({ path, isDirectory: false, rebaseName: '' });
  const dir = (path: string) => ({ path, isDirectory: true, rebaseName: '' });
  const at = (path: string, what: 'file' | 'directory' | 'nothing') => ({
    path,
    exists: what !== 'nothing',
    isDirectory: what === 'directory',
  });
  const plan = (source: ReturnType<typeof file>, destination: ReturnType<typeof at>, member: string) => {
    const { directory, rename } = planCopy(source, destination, { source: posix, destination: posix });
    return `${directory} ${rename(member)}`;
  };

  it("lead where docker's documentation says", () => {
    expect(plan(file('/h/a'), at('/tmp', 'directory'), 'a')).to.equal('/tmp a');
    expect(plan(file('/h/a'), at('/tmp/b', 'file'), 'a')).to.equal('/tmp b');
    expect(plan(file('/h/a'), at('/tmp/b', 'nothing'), 'a')).to.equal('/tmp b');
    expect(() => plan(file('/h/a'), at('/tmp/b/', 'nothing'), 'a')).to.throw('no such directory');
    expect(plan(dir('/h/d'), at('/tmp', 'directory'), 'd/x')).to.equal('/tmp d/x');
    expect(plan(dir('/h/d'), at('/tmp/new', 'nothing'), 'd/d/x')).to.equal('/tmp new/d/x');
    expect(plan(dir('/h/d'), at('/tmp/new/', 'nothing'), 'd/x')).to.equal('/tmp new/x');
    expect(plan(dir('/h/d/.'), at('/tmp', 'directory'), './x')).to.equal('/tmp ./x');
    expect(plan(dir('/h/d/.'), at('/tmp/new', 'nothing'), './x')).to.equal('/tmp new/x');
    expect(() => plan(dir('/h/d'), at('/tmp/f', 'file'), 'd')).to.throw('cannot copy directory');
    const linked = { ...dir('/h/real/'), rebaseName: 'link' };
    expect(plan(linked, at('/tmp/new', 'nothing'), 'link/x')).to.equal('/tmp new/x');
    expect(renaming('/', 'all')('/bin')).to.equal('all/bin');
    expect(renaming('\u00e9', '$&')(Buffer.from('\u00e9/x').toString('latin1'))).to.equal('$&/x');
  });
});
