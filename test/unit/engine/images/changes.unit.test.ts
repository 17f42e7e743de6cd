import { expect } from 'chai';
import { applyChanges } from '../../../../src/engine/images/change/apply-changes.ts';
import type { ChangedConfig } from '../../../../src/engine/images/change/apply-changes.ts';
import { EngineError } from '../../../../src/engine/errors.ts';

const ROWS: readonly (readonly [changes: string[], expected: ChangedConfig, before?: ChangedConfig])[] = [
  [['CMD ["a", "b c"]'], { Cmd: ['a', 'b c'] }],
  [['cmd echo $HOME "x"'], { Cmd: ['/bin/sh', '-c', 'echo $HOME "x"'] }],
  [['CMD [not json'], { Cmd: ['/bin/sh', '-c', '[not json'] }],
  [['CMD []'], { Cmd: [] }],
  [['ENTRYPOINT ["e"]'], { Entrypoint: ['e'], Cmd: null }, { Cmd: ['old'] }],
  [['CMD ["c"]', 'ENTRYPOINT ["e"]'], { Entrypoint: ['e'], Cmd: ['c'] }],
  [['ENTRYPOINT []'], { Entrypoint: null, Cmd: null }],
  [['ENV A=1 B="two words" C=\'$A\' D=x\\ y'], { Env: ['A=1', 'B=two words', 'C=$A', 'D=x y'] }],
  [['ENV A the rest  of it'], { Env: ['A=the rest  of it'] }],
  [
    ['ENV A=2', 'ENV P=$A:${A}b:${N:-none}:${A:+set}:${N}'],
    { Env: ['A=2', 'P=2:2b:none:set:'] },
    { Env: ['A=1'] },
  ],
  [['ENV A="a\\"b\\$c\\d"'], { Env: ['A=a"b$c\\d'] }],
  [
    ['EXPOSE 80 53/udp 8000-8002'],
    { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {}, '8002/tcp': {} } },
  ],
  [['LABEL a=b "c d"="e f"', 'LABEL g h i'], { Labels: { a: 'b', 'c d': 'e f', g: 'h i' } }],
  [['ONBUILD RUN make'], { OnBuild: ['RUN make'] }],
  [['STOPSIGNAL SIGINT', 'USER nobody:100'], { StopSignal: 'SIGINT', User: 'nobody:100' }],
  [['VOLUME ["/a", "/b"]', 'VOLUME /c /d'], { Volumes: { '/a': {}, '/b': {}, '/c': {}, '/d': {} } }],
  [['WORKDIR /a/../b', 'WORKDIR c/./d'], { WorkingDir: '/b/c/d' }],
  [['HEALTHCHECK NONE'], { Healthcheck: { Test: ['NONE'] } }],
  [
    ['HEALTHCHECK --interval=5s --retries=3 CMD curl -f http://x'],
    { Healthcheck: { Test: ['CMD-SHELL', 'curl -f http://x'], Interval: 5e9, Retries: 3 } },
  ],
  [['HEALTHCHECK CMD ["a","b"]'], { Healthcheck: { Test: ['CMD', 'a', 'b'] } }],
  [['# a comment\nENV A=1 \\\n  # another\n  B=2\n\nUSER x'], { Env: ['A=1', 'B=2'], User: 'x' }],
];

describe('--change', () => {
  for (const [changes, expected, before = {}] of ROWS) {
    it(changes.join(' | ').replaceAll('\n', '⏎'), () => {
      const frozen = structuredClone(before);
      expect(applyChanges(before, changes)).to.deep.equal({ ...expected });
      expect(before).to.deep.equal(frozen);
    });
  }

  for (const [change, message] of [
    ['RUN ls', 'run is not a valid change command'],
    ['COPY a b', 'copy is not a valid change command'],
    ['nonsense', 'nonsense is not a valid change command'],
    ['ENV A', 'ENV must have two arguments'],
    ['ENV A=1 B', 'can\'t find = in "B"'],
    ['ENV', 'ENV requires at least one argument'],
    ['ENV A="open', 'looking for matching "'],
    ['ENV A=${open', 'missing }'],
    ['EXPOSE 0', 'invalid containerPort: 0'],
    ['EXPOSE 70000', 'invalid containerPort: 70000'],
    ['EXPOSE 80/http', 'invalid proto: http'],
    ['CMD [1]', 'comprised of strings only'],
    ['ONBUILD ONBUILD RUN x', "isn't allowed"],
    ['ONBUILD FROM x', "FROM isn't allowed"],
    ['USER', 'USER requires exactly one argument'],
    ['WORKDIR', 'WORKDIR requires exactly one argument'],
    ['VOLUME', 'VOLUME requires at least one argument'],
    ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
    ['HEALTHCHECK RUN x', 'Unknown type "RUN"'],
    ['HEALTHCHECK CMD', 'Missing command'],
    ['HEALTHCHECK --every=1s CMD x', 'unknown flag: every'],
    ['HEALTHCHECK --interval=soon CMD x', 'invalid duration "soon"'],
  ] as const) {
    it(`refuses ${change}`, () => {
      expect(() => applyChanges({}, [change]))
        .to.throw(EngineError, message)
        .and.to.include({ kind: 'invalidParameter' });
    });
  }
});
