import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { secondNames } from '../../src/cli/management-commands.ts';
import { debianTools } from '../helpers/debian-tools.ts';

const root = join(import.meta.dirname, '..', '..');

interface Manifest {
  readonly commands: Readonly<
    Record<string, { readonly flags: Readonly<Record<string, { readonly aliases?: readonly string[] }>> }>
  >;
}

const readManifest = (): Manifest =>
  JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as Manifest;

/** The names under headings that end in `Commands:`. */
function commandsIn(help: string): string[] {
  const sections = help.split(/^(?=\S)/m).filter((section) => /^[\w ]*Commands:\n/.test(section));
  return sections.flatMap((section) =>
    [...section.matchAll(/^ {2}([a-z-]+)\*? {2,}/gm)].map(([, name = '']) => name),
  );
}

const flagsIn = (help: string): string[] =>
  [...help.matchAll(/^\s+(?:-\w, )?--([a-z0-9-]+)/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help');

/** Everything in backticks in the tables of docs/compatibility.md; what is said of `run` holds for `create`. */
function excused(): Set<string> {
  const page = readFileSync(join(root, 'docs', 'compatibility.md'), 'utf8');
  const [, ours = ''] = page.split('## Our own client');
  const rows = ours.split('\n').filter((line) => line.startsWith('| `'));
  const words = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word),
  );
  return new Set([...words, ...words.map((word) => word.replace(/^run /, 'create '))]);
}

describe("what docker's own client has", () => {
  let help: (...words: string[]) => string;

  before(async () => {
    const { binDir } = await debianTools(['docker-cli']);
    help = (...words) =>
      execFileSync(join(binDir, 'docker'), [...words, '--help'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
  });

  it('ours has too, or docs/compatibility.md says why not', () => {
    const { commands } = readManifest();
    const reasons = excused();
    const lacking: string[] = [];
    for (const first of commandsIn(help())) {
      if (reasons.has(first)) continue;
      const subcommands = commandsIn(help(first));
      for (const words of subcommands.length > 0 ? subcommands.map((second) => [first, second]) : [[first]]) {
        const [management = '', name = ''] = words;
        const meant = new Map(secondNames(management)).get(name);
        const ours = commands[meant ?? words.join(':')];
        if (reasons.has(words.join(' '))) continue;
        if (ours === undefined) {
          lacking.push(words.join(' '));
          continue;
        }
        // A second name has its command's flags, which are looked at under that.
        if (meant !== undefined) continue;
        const known = new Set(
          Object.entries(ours.flags).flatMap(([flag, { aliases = [] }]) => [flag, ...aliases]),
        );
        for (const flag of flagsIn(help(...words))) {
          if (!known.has(flag) && !reasons.has(`${words.join(' ')} --${flag}`))
            lacking.push(`${words.join(' ')} --${flag}`);
        }
      }
    }
    expect(lacking).to.deep.equal([]);
  });

  it('is not excused where ours has it', () => {
    const { commands } = readManifest();
    const stale = [...excused()].filter((entry) => {
      const [command = '', flag] = entry.split(' --');
      const ours = commands[command.replace(' ', ':')];
      return ours !== undefined && (flag === undefined || flag in ours.flags);
    });
    expect(stale).to.deep.equal([]);
  });
});
