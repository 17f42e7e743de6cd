import { expect } from 'chai';
import { logAttributes } from '../../../../../src/engine/containers/logs/attributes.ts';
import { logOptions, withLogDefaults } from '../../../../../src/engine/containers/logs/options.ts';
import type { ContainerRecord } from '../../../../../src/engine/containers/model.ts';
import { EngineError } from '../../../../../src/engine/errors.ts';

const options = (Type: string, Config: Record<string, string> = {}) => logOptions({ Type, Config });

describe('a log configuration', () => {
  it('has docker defaults', () => {
    expect(withLogDefaults(undefined)).to.deep.equal({ Type: 'json-file', Config: {} });
    expect(options('')).to.deep.equal({ driver: 'json-file', maxSize: undefined, maxFiles: 1 });
    expect(options('local')).to.deep.equal({ driver: 'local', maxSize: 20_000_000, maxFiles: 5 });
    expect(options('none', { whatever: '1' })).to.deep.equal({ driver: 'none' });
  });

  it('takes sizes in decimal units', () => {
    for (const [text, bytes] of [
      ['10k', 10_000],
      ['1.5m', 1_500_000],
      ['1g', 1_000_000_000],
      ['200', 200],
      ['1MB', 1_000_000],
    ] as const) {
      expect(options('json-file', { 'max-size': text, 'max-file': '3' })).to.include({
        maxSize: bytes,
        maxFiles: 3,
      });
    }
  });

  const wrong: readonly [string, Record<string, string>, string, RegExp][] = [
    ['nope', {}, 'invalidParameter', /^logger: no log driver named 'nope' is registered$/],
    ['syslog', {}, 'notImplemented', /'syslog' is not implemented yet/],
    ['json-file', { x: '1' }, 'invalidParameter', /^unknown log opt 'x' for json-file log driver$/],
    ['local', { labels: 'a' }, 'invalidParameter', /^unknown log opt 'labels' for local log driver$/],
    ['json-file', { 'max-size': 'abc' }, 'invalidParameter', /invalid size: 'abc'$/],
    ['json-file', { 'max-size': '0' }, 'invalidParameter', /max-size must be a positive number$/],
    ['json-file', { 'max-file': '0' }, 'invalidParameter', /max-file cannot be less than 1$/],
    ['json-file', { 'max-file': 'x' }, 'invalidParameter', /parsing "x": invalid syntax$/],
    ['json-file', { compress: 'true' }, 'invalidParameter', /^.*compress cannot be true when max-file/],
    ['local', { compress: 'true' }, 'notImplemented', /compress is not implemented yet$/],
    ['json-file', { mode: 'odd' }, 'invalidParameter', /^logger: logging mode not supported: odd$/],
    ['json-file', { mode: 'non-blocking' }, 'notImplemented', /non-blocking is not implemented yet$/],
    [
      'json-file',
      { 'max-buffer-size': '1m' },
      'invalidParameter',
      /only supported with 'mode=non-blocking'$/,
    ],
    ['json-file', { 'env-regex': '(' }, 'invalidParameter', /error parsing regexp/],
  ];
  for (const [driver, config, kind, message] of wrong) {
    it(`is refused: ${driver} ${JSON.stringify(config)}`, () => {
      let thrown: unknown;
      try {
        options(driver, config);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).to.be.instanceOf(EngineError);
      expect((thrown as EngineError).kind).to.equal(kind);
      expect((thrown as EngineError).message).to.match(message);
    });
  }
});

describe('attributes of log lines', () => {
  const record = (Config: Record<string, string>) =>
    ({
      id: 'abcdef0123456789',
      name: 'web',
      imageId: 'sha256:0123456789abcdef',
      config: {
        Image: 'busybox',
        Labels: { 'com.x.y': 'a b', other: '1', tier: 'front' },
        Env: ['A=1=2', 'B=', 'PATH=/x'],
      },
      hostConfig: { LogConfig: { Type: 'json-file', Config } },
    }) as unknown as ContainerRecord;

  it('are what was named, sorted and escaped', () => {
    expect(logAttributes(record({}))).to.equal('');
    expect(logAttributes(record({ labels: 'tier,com.x.y,none', env: 'A' }))).to.equal(
      'A=1%3D2,com.x.y=a+b,tier=front',
    );
    expect(logAttributes(record({ 'labels-regex': '^com', 'env-regex': '^[AB]$' }))).to.equal(
      'A=1%3D2,B=,com.x.y=a+b',
    );
  });

  it('hold a tag with its fields filled in', () => {
    expect(logAttributes(record({ tag: '{{.Name}}-{{ .ImageName }}/{{.ID}}' }))).to.equal(
      'tag=web-busybox%2Fabcdef012345',
    );
    expect(() => logAttributes(record({ tag: '{{.Nope}}' }))).to.throw(/\{\{\.Nope\}\}/);
  });
});
