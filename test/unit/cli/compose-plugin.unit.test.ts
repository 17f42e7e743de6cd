import { expect } from 'chai';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { findComposePlugin } from '../../../src/cli/compose/find-plugin.ts';
import { composeSubcommand, needsEngine, startsMachine } from '../../../src/cli/compose/subcommand.ts';

describe("docker's compose plugin", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'wherry-compose-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const program = (path: string, mode = 0o755): string => {
    const full = join(home, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, '');
    chmodSync(full, mode);
    return full;
  };
  // A system without directories of its own, so that this computer's don't count.
  const find = (env: NodeJS.ProcessEnv = {}) => findComposePlugin({ platform: 'aix', env, home });

  it("is looked for in the user's directory, the configured ones, and on PATH, in this order", () => {
    const onPath = { PATH: ['', join(home, 'empty'), join(home, 'bin')].join(delimiter) };
    expect(find(onPath).found).to.equal(undefined);
    const last = program('bin/docker-compose');
    expect(find(onPath).found).to.equal(last);
    const config = program('.docker/config.json', 0o644);
    writeFileSync(config, '{broken');
    expect(find(onPath).found).to.equal(last);
    writeFileSync(config, JSON.stringify({ cliPluginsExtraDirs: [join(home, 'extra'), 3] }));
    const extra = program('extra/docker-compose');
    expect(find(onPath)).to.deep.equal({
      found: extra,
      lookedIn: [join(home, '.docker/cli-plugins'), join(home, 'extra')],
    });
    program('.docker/cli-plugins/docker-compose', 0o644);
    expect(find(onPath).found).to.equal(extra);
    const own = program('.docker/cli-plugins/docker-compose');
    expect(find(onPath).found).to.equal(own);
    const configured = program('config/cli-plugins/docker-compose');
    expect(find({ DOCKER_CONFIG: join(home, 'config') }).found).to.equal(configured);
  });

  it("is looked for in docker's own places on Windows and Linux", () => {
    program('data/Docker/cli-plugins/docker-compose.exe');
    const env = { ProgramData: join(home, 'data'), ProgramFiles: join(home, 'files') };
    const windows = findComposePlugin({ platform: 'win32', env, home });
    expect(windows.found).to.equal(join(home, 'data/Docker/cli-plugins/docker-compose.exe'));
    const linux = findComposePlugin({ platform: 'linux', env: {}, home });
    expect(linux.lookedIn).to.include('/usr/libexec/docker/cli-plugins');
  });

  const words: readonly [string, string | undefined, boolean, boolean][] = [
    ['up -d', 'up', true, true],
    ['-f x.yml --profile debug -p name ps', 'ps', true, false],
    ['--file=x.yml up', 'up', true, true],
    ['--dry-run up --help', 'up', false, false],
    ['-f x.yml config', 'config', false, false],
    ['version', 'version', false, false],
    ['--help', undefined, false, false],
    ['', undefined, false, false],
  ];
  for (const [text, subcommand, engine, starts] of words) {
    it(`knows what is asked for: compose ${text}`, () => {
      const list = text.split(' ').filter((word) => word !== '');
      expect(composeSubcommand(list)).to.equal(subcommand);
      expect([needsEngine(list), startsMachine(list)]).to.deep.equal([engine, starts]);
    });
  }
});
