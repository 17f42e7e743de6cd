import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import treeSitter, { type Node, type Parser } from '@vscode/tree-sitter-wasm';
import { expect } from 'chai';
import { systemHypervHost } from '../../../../src/drivers/hyperv/host.ts';
import { repository } from '../../../helpers/e2e-world.ts';
import { CMDLETS, PROPERTIES } from './cmdlets.ts';

const { scripts } = systemHypervHost();
const GRAMMAR = createRequire(import.meta.url).resolve(
  '@vscode/tree-sitter-wasm/wasm/tree-sitter-powershell.wasm',
);

describe('the Hyper-V scripts, by a grammar of PowerShell', () => {
  let parser: Parser;
  let roots: ReadonlyMap<string, Node>;

  const parse = (text: string): Node => parser.parse(text)?.rootNode ?? expect.fail('no tree');
  const all = (root: Node, type: string): Node[] =>
    root.descendantsOfType(type).filter((node) => node !== null);

  before(async () => {
    await treeSitter.Parser.init();
    parser = new treeSitter.Parser();
    parser.setLanguage(await treeSitter.Language.load(await readFile(GRAMMAR)));
    const names = (await readdir(scripts)).filter((name) => name.endsWith('.ps1'));
    const texts = await Promise.all(
      names.map(async (name) => [name, await readFile(join(scripts, name), 'utf8')] as const),
    );
    roots = new Map(texts.map(([name, text]) => [name, parse(text)]));
  });

  it('are the ones that the driver knows', () => {
    expect([...roots.keys()].sort()).to.deep.equal(
      ['lib', 'look', 'prepare', 'remove', 'start', 'state', 'stop'].map((name) => `${name}.ps1`),
    );
  });

  it('have no errors, and the grammar would have found one', () => {
    for (const [name, root] of roots) {
      const errors = all(root, 'ERROR').map(({ startPosition, text }) => `${startPosition.row + 1}: ${text}`);
      expect(errors, name).to.deep.equal([]);
      expect(root.hasError, name).to.equal(false);
    }
    for (const broken of ['Get-VM | {', 'if ($x { }', '@{ a = 1', 'Get-VM | | Start-VM'])
      expect(parse(broken).hasError, broken).to.equal(true);
  });

  it('are ASCII: Windows PowerShell reads a script without a byte-order mark in the computer’s old code page', () => {
    // oxlint-disable-next-line no-control-regex
    for (const [name, root] of roots) expect(root.text, name).to.match(/^[\u0000-\u007f]*$/);
  });

  it('call documented commands with documented parameters, all in full', () => {
    for (const [file, root] of roots) {
      for (const command of all(root, 'command')) {
        const name = command.childForFieldName('command_name')?.text ?? '';
        // A call of a file or a block, and what the grammar has a rule of its own for.
        if (/^(?:[&.]|ForEach-Object \{)/.test(command.text)) continue;
        const known = CMDLETS[name];
        if (known === undefined) expect.fail(`${file} calls ${name}, which no page is named for`);
        const given = all(command, 'command_parameter').filter(
          (node) => nearest(node, 'command')?.id === command.id,
        );
        for (const { text } of given)
          expect(known.parameters, `${file}: ${name}`).to.include(text.replace(/^-|:$/g, ''));
      }
    }
  });

  it('read properties that a page has', () => {
    const members = new Set<string>();
    for (const root of roots.values())
      for (const node of all(root, 'member_access'))
        if (nearest(node.parent, 'member_access') === undefined)
          members.add(node.text.replaceAll(/\s+/g, ' '));
    const unknown = [...members].filter(
      (text) => !(text in PROPERTIES) && !/^\$(request|disks)\.|^\[|^@\(/.test(text),
    );
    expect(unknown).to.deep.equal([]);
    const unused = Object.keys(PROPERTIES).filter((text) => !members.has(text));
    expect(unused).to.deep.equal([]);
  });

  it('find a machine by its mark and by its disks, and set the mark of one that has none', () => {
    const calls = (file: string, command: string): Node[] =>
      all(roots.get(file) ?? expect.fail(file), 'command').filter(
        (node) => node.childForFieldName('command_name')?.text === command,
      );
    for (const file of ['remove.ps1', 'start.ps1', 'state.ps1', 'stop.ps1'])
      expect(calls(file, 'Find-Machine').map(({ text }) => text)).to.deep.equal([
        'Find-Machine -Mark $request.mark -Directory $request.directory',
      ]);
    expect(calls('lib.ps1', 'Get-VMHardDiskDrive')).to.have.length(1);
    // Not where New-VM is, which a crash may have come after.
    const [made = expect.fail()] = calls('start.ps1', 'New-VM');
    const marked = calls('start.ps1', 'Set-VM').filter(({ text }) => text.includes('-Notes'));
    expect(marked).to.have.length(1);
    expect(nearest(marked[0] ?? null, 'if_statement')?.id).not.to.equal(nearest(made, 'if_statement')?.id);
  });

  it('do away with a saved state where a machine is killed or removed', () => {
    for (const file of ['remove.ps1', 'stop.ps1'])
      expect(roots.get(file)?.text, file).to.contain('Remove-VMSavedState -VM $vm');
  });

  it('never make a request part of a script’s text', () => {
    for (const [name, root] of roots) {
      expect(root.text, name).not.to.match(/Invoke-Expression|\biex\b|\[scriptblock\]::Create|-Command\b/i);
      for (const node of all(root, 'expandable_string_literal'))
        expect(node.text, name).not.to.match(/\$(request|disks)/);
    }
  });

  it('have what no page says in so many words listed in docs/platforms.md', async () => {
    const page = await readFile(join(repository, 'docs', 'platforms.md'), 'utf8');
    for (const { unverified } of Object.values(PROPERTIES))
      if (unverified !== undefined) expect(page).to.contain(unverified);
  });
});

/** The nearest node of a type at or above `node`. */
function nearest(node: Node | null, type: string): Node | undefined {
  let at = node;
  while (at !== null && at.type !== type) at = at.parent;
  return at ?? undefined;
}
