import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';
import { outputOf } from '../helpers/both-clients.ts';

const LINES = 3000;

describe('log drivers', () => {
  it('json-file is rotated under a follower: every line once, in order', async () => {
    // Each batch is more than a file; an engine on a busy computer has a second to see that.
    const script = `i=0; while [ $i -lt ${LINES} ]; do echo $i; i=$((i+1)); [ $((i % 500)) = 0 ] && sleep 1; done`;
    const options = ['--log-opt', 'max-size=20k', '--log-opt', 'max-file=3'];
    await world().ok([
      'run',
      '-d',
      '--name',
      'rotated',
      ...options,
      world().image('busybox'),
      'sh',
      '-c',
      script,
    ]);
    try {
      const all = Array.from({ length: LINES }, (_, at) => String(at));
      const [ours, docker] = await Promise.all([
        world().wherry(['logs', '-f', 'rotated']),
        world().docker(['logs', '-f', 'rotated']),
      ]);
      // Both came after the start: what they missed was thrown away before.
      for (const { stdout } of [ours, docker]) {
        const seen = stdout.trim().split('\n');
        expect(seen).to.deep.equal(all.slice(-seen.length));
      }
      const kept = (await world().ok(['logs', 'rotated'])).trim().split('\n');
      expect(kept.length).to.be.below(LINES);
      expect(kept).to.deep.equal(all.slice(-kept.length));
      for (const output of await outputOf(['logs', '--tail', '1000', 'rotated'])) {
        expect(output.stdout.trim().split('\n')).to.deep.equal(kept.slice(-1000));
      }
      expect(await world().ok(['inspect', '-f', '{{json .HostConfig.LogConfig}}', 'rotated'])).to.equal(
        '{"Type":"json-file","Config":{"max-file":"3","max-size":"20k"}}\n',
      );
    } finally {
      await world().ok(['rm', '-f', 'rotated']);
    }
  });

  it('none keeps nothing and says so, in both clients', async () => {
    const run = ['run', '--name', 'silent', '--log-driver', 'none', world().image('busybox'), 'echo', 'seen'];
    expect(await world().wherry(run)).to.include({ status: 0, stdout: 'seen\n' });
    for (const output of await outputOf(['logs', 'silent'])) {
      expect(output.status).to.equal(1);
      expect(output.stderr).to.equal(
        'Error response from daemon: configured logging driver does not support reading\n',
      );
    }
    await world().ok(['rm', 'silent']);
  });

  it('options that make no sense are refused alike', async () => {
    const cases: [string[], string][] = [
      [
        ['--log-driver', 'nope'],
        "Error response from daemon: logger: no log driver named 'nope' is registered",
      ],
      [['--log-opt', 'x=1'], "Error response from daemon: unknown log opt 'x' for json-file log driver"],
      [['--log-opt', 'max-size=x'], "failed to initialize logging driver: invalid size: 'x'"],
      [['--log-driver', 'none', '--log-opt', 'x=1'], 'invalid logging opts for driver none'],
    ];
    for (const [options, message] of cases) {
      for (const output of await outputOf(['create', ...options, world().image('busybox')])) {
        expect(output.stderr).to.include(message);
        expect(output.status).to.be.oneOf([1, 125]);
      }
    }
  });
});
