import { expect } from 'chai';
import { Config } from '@oclif/core';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

/** Each `wherry WORDS…` of a text: its words, options included. */
function commandsOf(text: string): string[][] {
  return [...text.matchAll(/(?:npx |`|"\$\()wherry ([a-z][^`\n;|)"]*)/g)].map(([, words = '']) =>
    words.trim().split(/\s+/),
  );
}

describe('what docs/ci.md and its workflow tell to type', () => {
  for (const path of ['docs/ci/github-actions.yml', 'docs/ci.md']) {
    it(`${path}: is there, with its options`, async () => {
      const config = await Config.load({ root: fileURLToPath(root) });
      const commands = commandsOf(read(path));
      expect(commands).to.have.length.greaterThan(7);
      for (const words of commands) {
        const line = words.join(' ');
        const names = words.filter((word) => !word.startsWith('-'));
        const id = [3, 2, 1]
          .map((count) => names.slice(0, count).join(':'))
          .find((name) => config.findCommand(name));
        const command = id === undefined ? undefined : config.findCommand(id);
        expect(command, `wherry ${line}`).not.to.equal(undefined);
        const known = new Set(Object.keys(command?.flags ?? {}).map((flag) => `--${flag}`));
        const options = words.filter((word) => word.startsWith('--'));
        expect(
          options.filter((option) => !known.has(option)),
          `wherry ${line}`,
        ).to.deep.equal([]);
      }
    });
  }

  it('keeps the images where Wherry has them, and verifies them', () => {
    const workflow = read('docs/ci/github-actions.yml');
    expect(workflow).to.contain('path: ~/.wherry/images').and.not.contain('.wherry/machines');
    expect(workflow).not.to.contain('\t');
    expect(workflow.indexOf('machine image verify')).to.be.lessThan(workflow.indexOf('machine create'));
  });
});
