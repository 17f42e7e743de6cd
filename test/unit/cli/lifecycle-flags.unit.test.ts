import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openCidFile } from '../../../src/cli/run/cid-file.ts';
import { createBody } from '../../../src/cli/run/create-body.ts';
import type { LifecycleFlags } from '../../../src/cli/flags/lifecycle-flags.ts';
import { parseDuration } from '../../../src/core/duration.ts';

describe("flags about a container's life", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'wherry-flags-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const body = (
    flags: Omit<LifecycleFlags, 'rm'> & { rm?: boolean } & {
      'env-file'?: string[];
      'label-file'?: string[];
      env?: string[];
    },
  ) =>
    createBody(
      'busybox',
      [],
      { interactive: false, tty: false, detach: false, rm: false, ...flags },
      { HOME: '/h' },
    );

  it("become docker's fields, and none that wasn't given", () => {
    const plain = body({});
    for (const field of ['Healthcheck', 'StopSignal', 'StopTimeout'])
      expect(plain).not.to.have.property(field);
    for (const field of ['RestartPolicy', 'Init', 'ContainerIDFile']) {
      expect(plain.HostConfig).not.to.have.property(field);
    }
    const full = body({
      restart: 'on-failure:3',
      init: true,
      'stop-signal': 'INT',
      'stop-timeout': 0,
      'health-cmd': 'test -e /ok',
      'health-interval': '1m30s',
      'health-retries': 2,
      'health-start-period': '500ms',
    });
    expect(full).to.deep.include({
      StopSignal: 'INT',
      StopTimeout: 0,
      Healthcheck: {
        Test: ['CMD-SHELL', 'test -e /ok'],
        Interval: 90e9,
        Timeout: 0,
        StartPeriod: 0.5e9,
        StartInterval: 0,
        Retries: 2,
      },
    });
    expect(full.HostConfig).to.deep.include({
      Init: true,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
    });
    expect(body({ 'no-healthcheck': true })).to.deep.include({ Healthcheck: { Test: ['NONE'] } });
    expect(body({ 'health-retries': 4 })).to.nested.include({
      'Healthcheck.Test': null,
      'Healthcheck.Retries': 4,
    });
  });

  it("are refused in docker's words", () => {
    const refusals: [Parameters<typeof body>[0], RegExp][] = [
      [{ restart: 'on-failure:x' }, /maximum retry count must be an integer/],
      [{ restart: ':3' }, /no policy provided before colon/],
      [{ restart: 'always', rm: true }, /^conflicting options: --restart and --rm$/],
      [
        { 'no-healthcheck': true, 'health-cmd': 'x' },
        /^--no-healthcheck conflicts with --health-\* options$/,
      ],
      [{ 'health-timeout': '-1s' }, /^--health-timeout cannot be negative$/],
      [
        { 'health-interval': '5' },
        /invalid argument "5" for "--health-interval" flag: time: invalid duration "5"/,
      ],
      [{ 'health-retries': -1 }, /^--health-retries cannot be negative$/],
      [{ 'env-file': [join(directory, 'none')] }, /^open .*none: /],
    ];
    for (const [flags, words] of refusals) expect(() => body(flags), String(words)).to.throw(words);
    expect(body({ restart: 'no', rm: true }).HostConfig.AutoRemove).to.equal(true);
  });

  it('files of variables and labels come before those of the command line', () => {
    const file = join(directory, 'file');
    writeFileSync(file, '\uFEFF# a comment\n\n  A=1 # no comment\r\nHOME\nUNSET\nB=\n');
    expect(body({ 'env-file': [file], env: ['A=2'] }).Env).to.deep.equal([
      'A=1 # no comment',
      'HOME=/h',
      'B=',
      'A=2',
    ]);
    expect(body({ 'label-file': [file] }).Labels).to.deep.equal({
      A: '1 # no comment',
      HOME: '',
      UNSET: '',
      B: '',
    });
    writeFileSync(file, 'A B=1\n');
    expect(() => body({ 'env-file': [file] })).to.throw(
      "poorly formatted environment: variable 'A B' contains whitespaces",
    );
    writeFileSync(file, '=1\n');
    expect(() => body({ 'env-file': [file] })).to.throw("no variable name on line '=1'");
  });

  it('the file of the id is made first, and goes where there is no container', () => {
    const path = join(directory, 'cid');
    openCidFile(path).close();
    expect(existsSync(path)).to.equal(false);
    const file = openCidFile(path);
    file.write('abc');
    file.close();
    expect(readFileSync(path, 'utf8')).to.equal('abc');
    expect(() => openCidFile(path)).to.throw(/^container ID file found, make sure .* or delete .*cid$/);
    expect(() => openCidFile(join(directory, 'no', 'cid'))).to.throw(
      /^failed to create the container ID file: /,
    );
  });

  it('durations are read as Go does', () => {
    const cases: [string, number | undefined][] = [
      ['1h30m', 5400e9],
      ['1.5s', 1.5e9],
      ['-10ms', -10e6],
      ['0', 0],
      ['100us', 1e5],
      ['5', undefined],
      ['', undefined],
      ['s', undefined],
      ['1d', undefined],
    ];
    for (const [text, nanoseconds] of cases) expect(parseDuration(text), text).to.equal(nanoseconds);
  });
});
