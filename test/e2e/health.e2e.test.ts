import { expect } from 'chai';
import { world } from '../helpers/e2e-hooks.ts';
import { eventually } from '../helpers/eventually.ts';
import { guestSeconds } from '../helpers/guest-clock.ts';

describe('health checks', () => {
  const ok = (...args: string[]) => world().ok(args);
  const docker = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await world().docker(args);
    expect(status, stderr).to.equal(0);
    return stdout;
  };
  const untilHealth = async (name: string, wanted: string): Promise<void> => {
    const status = () => ok('inspect', '-f', '{{.State.Health.Status}}', name);
    await eventually(status, (found) => found === `${wanted}\n`, `${name} is ${wanted}`);
  };

  it('healthy, unhealthy and back: ps, its filter, inspect and events say so, in both clients', async () => {
    const began = String(await guestSeconds());
    const check = [
      '--health-cmd',
      'echo looked; test -e /ok',
      '--health-interval',
      '500ms',
      '--health-retries',
      '2',
    ];
    await docker('run', '-d', '--name', 'patient', ...check, world().image('busybox'), 'sleep', '600');
    try {
      await untilHealth('patient', 'unhealthy');
      expect(await ok('ps', '--filter', 'health=unhealthy', '--format', '{{.Status}}')).to.match(
        /^Up .* \(unhealthy\)\n$/,
      );
      await ok('exec', 'patient', 'touch', '/ok');
      await untilHealth('patient', 'healthy');
      expect(await docker('ps', '--filter', 'health=healthy', '--format', '{{.Names}} {{.Status}}')).to.match(
        /^patient Up .* \(healthy\)\n$/,
      );
      expect(await docker('inspect', '-f', '{{(index .State.Health.Log 0).Output}}', 'patient')).to.include(
        'looked',
      );
      const until = String((await guestSeconds()) + 1);
      const filters = [
        '--since',
        began,
        '--until',
        until,
        '--filter',
        'container=patient',
        '--filter',
        'event=health_status',
      ];
      for (const told of [await ok('events', ...filters), await docker('events', ...filters)]) {
        expect(
          told
            .trim()
            .split('\n')
            .map((line) => /health_status: \w+/.exec(line)?.[0]),
        ).to.deep.equal(['health_status: unhealthy', 'health_status: healthy']);
      }
    } finally {
      await world().wherry(['rm', '-f', 'patient']);
    }
  });

  it('ours has the same flags, and refuses the same', async () => {
    const busybox = world().image('busybox');
    const flags = [
      '--health-cmd',
      'true',
      '--health-start-period',
      '1m',
      '--health-start-interval',
      '200ms',
      '--health-timeout',
      '3s',
    ];
    await ok('run', '-d', '--name', 'started', ...flags, busybox, 'sleep', '600');
    try {
      await untilHealth('started', 'healthy');
      const checks = await Promise.all(
        [world().ok(['inspect', 'started']), docker('inspect', 'started')].map(async (text) => {
          const [{ Config }] = JSON.parse(await text) as [{ Config: { Healthcheck: unknown } }];
          return Config.Healthcheck;
        }),
      );
      expect(checks[0]).to.deep.equal({
        Test: ['CMD-SHELL', 'true'],
        Timeout: 3e9,
        StartPeriod: 60e9,
        StartInterval: 200e6,
      });
      expect(checks[1]).to.deep.equal(checks[0]);
    } finally {
      await world().wherry(['rm', '-f', 'started']);
    }
    const command = ['run', '--no-healthcheck', '--health-cmd', 'true', busybox, 'true'];
    for (const { status, stderr } of [await world().wherry(command), await world().docker(command)]) {
      expect(stderr).to.include('--no-healthcheck conflicts with --health-* options');
      expect(status).to.equal(125);
    }
  });
});
