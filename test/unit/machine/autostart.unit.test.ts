import { expect } from 'chai';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  disableAutostart,
  enableAutostart,
  isAutostarted,
} from '../../../src/machine/autostart/autostart.ts';
import { autostartPlan, type AutostartRequest } from '../../../src/machine/autostart/plan.ts';
import { quotedForWindows } from '../../../src/machine/autostart/task-scheduler.ts';
import { createMachine } from '../../../src/machine/create.ts';
import { removeMachine } from '../../../src/machine/rm.ts';
import { WherryError } from '../../../src/core/errors.ts';
import { failureOf, machineWorld, type MachineWorld } from '../../helpers/machine/world.ts';

const request: AutostartRequest = {
  machine: 'default',
  name: 'wherry-default',
  start: ['/opt/node 26/node', '/opt/a$b/50%/run.js', 'machine', 'autostart', 'run', 'default'],
  stop: ['/opt/node 26/node', '/opt/a$b/50%/run.js', 'machine', 'stop', 'default'],
  environment: { PATH: '/usr/bin:/opt/<&"q"\\x', HTTP_PROXY: 'http://p%40x' },
  homeDirectory: '/home/me',
  env: {},
  directory: '/home/me/.wherry/machines/default',
  uid: 501,
  user: 'me',
};

const planOf = (platform: NodeJS.Platform, changes: Partial<AutostartRequest> = {}) => {
  const plan = autostartPlan(platform, { ...request, ...changes });
  if (plan === undefined) throw new Error(`no plan for ${platform}`);
  return plan;
};

describe('what the operating system is told at autostart enable', () => {
  it('systemd: a user unit that keeps the machine and stops it in order', () => {
    const plan = planOf('linux');
    expect(plan.file).to.equal('/home/me/.config/systemd/user/wherry-default.service');
    expect(plan.content).to.equal(`[Unit]
Description=Wherry machine "default"

[Service]
Type=oneshot
RemainAfterExit=yes
Environment="PATH=/usr/bin:/opt/<&\\"q\\"\\\\x"
Environment="HTTP_PROXY=http://p%%40x"
ExecStart="/opt/node 26/node" "/opt/a$$b/50%%/run.js" "machine" "autostart" "run" "default"
ExecStop="/opt/node 26/node" "/opt/a$$b/50%%/run.js" "machine" "stop" "default"
TimeoutStartSec=900
TimeoutStopSec=90

[Install]
WantedBy=default.target
`);
    expect(plan.enable).to.deep.equal([['systemctl', '--user', 'enable', 'wherry-default.service']]);
    // systemd expands no variable in the program's own name.
    expect(planOf('linux', { start: ['/opt/a$b/node', 'x$y'] }).content).to.contain(
      'ExecStart="/opt/a$b/node" "x$$y"\n',
    );
    expect(planOf('linux', { env: { XDG_CONFIG_HOME: '/x' } }).file).to.match(/^\/x\/systemd\/user\//);
  });

  it('launchd: an agent of the user’s', () => {
    const plan = planOf('darwin');
    expect(plan.file).to.equal('/home/me/Library/LaunchAgents/wherry-default.plist');
    expect(plan.content).to.equal(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>wherry-default</string>
  <key>ProgramArguments</key>
  <array>
    <string>/opt/node 26/node</string>
    <string>/opt/a$b/50%/run.js</string>
    <string>machine</string>
    <string>autostart</string>
    <string>run</string>
    <string>default</string>
  </array>
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>/usr/bin:/opt/&lt;&amp;&quot;q&quot;\\x</string>
    <key>HTTP_PROXY</key>
    <string>http://p%40x</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>StandardOutPath</key>
  <string>/home/me/.wherry/machines/default/autostart.log</string>
  <key>StandardErrorPath</key>
  <string>/home/me/.wherry/machines/default/autostart.log</string>
</dict>
</plist>
`);
    expect(plan.disable).to.deep.equal([['launchctl', 'bootout', 'gui/501/wherry-default']]);
  });

  it('Task Scheduler: a task at the login, in UTF-16', () => {
    const plan = planOf('win32', {
      start: ['C:\\Program Files\\nodejs\\node.exe', 'C:\\w & x\\run.js', 'machine', 'autostart', 'run', 'a'],
      directory: 'C:\\Users\\me\\.wherry\\machines\\default',
      user: 'DESK\\me',
      env: { SystemRoot: 'D:\\W' },
    });
    const bytes = plan.content as Buffer;
    expect([...bytes.subarray(0, 2)]).to.deep.equal([0xff, 0xfe]);
    const xml = bytes.subarray(2).toString('utf16le');
    expect(xml).to.match(/^<\?xml version="1\.0" encoding="UTF-16"\?>\r\n<Task version="1\.2" /);
    expect(xml).to.contain('<LogonTrigger>\r\n      <UserId>DESK\\me</UserId>');
    expect(xml).to.contain('<Command>C:\\Program Files\\nodejs\\node.exe</Command>');
    expect(xml).to.contain(
      '<Arguments>&quot;C:\\w &amp; x\\run.js&quot; machine autostart run a</Arguments>',
    );
    expect(xml.match(/<(\w+)[ >]/g)?.length).to.equal(xml.match(/<\/\w+>/g)?.length ?? 0);
    const file = 'C:\\Users\\me\\.wherry\\machines\\default\\autostart.xml';
    expect(plan.file).to.equal(file);
    // By its whole path: one in the working directory would be found first.
    const schtasks = 'D:\\W\\System32\\schtasks.exe';
    expect(plan.enable).to.deep.equal([
      [schtasks, '/Create', '/TN', 'Wherry\\wherry-default', '/XML', file, '/F'],
    ]);
    expect(plan.disable).to.deep.equal([[schtasks, '/Delete', '/TN', 'Wherry\\wherry-default', '/F']]);
  });

  it('quotes arguments as Windows programs take them apart', () => {
    const words = ['plain', 'a b', '', 'say "hi"', 'C:\\dir\\', 'C:\\my dir\\', 'a\\"b'];
    expect(words.map(quotedForWindows).join(' ')).to.equal(
      'plain "a b" "" "say \\"hi\\"" C:\\dir\\ "C:\\my dir\\\\" "a\\\\\\"b"',
    );
  });

  it('knows no other systems', () => {
    expect(autostartPlan('freebsd', request)).to.equal(undefined);
  });
});

describe('autostart on Linux', () => {
  let world: MachineWorld;
  let config: string;
  let ran: string[];
  let failure: Error | undefined;
  const program = ['/usr/bin/node', '/usr/lib/wherry/bin/run.js'];
  const where = () => {
    const result = { exitCode: 0, signal: undefined, timedOut: false, stdout: '', stderr: '' };
    const run = async (argv: readonly string[]) => {
      ran.push(argv.join(' '));
      if (failure !== undefined) throw failure;
      if (argv[2] === 'enable') {
        await mkdir(dirname(link()), { recursive: true });
        await rm(link(), { force: true });
        await symlink(unit(), link());
      }
      if (argv[2] === 'disable') await rm(link(), { force: true });
      return result;
    };
    const { agent, paths } = world.context;
    return {
      ...world.context,
      paths: {
        ...paths,
        platform: 'linux' as const,
        env: { XDG_CONFIG_HOME: config, PATH: '/bin', SHELL: 'x' },
      },
      agent: { ...agent, exec: { ...agent.exec, run, check: run } },
    };
  };
  const link = () => join(config, 'systemd', 'user', 'default.target.wants', 'wherry-default.service');
  const unit = () => join(config, 'systemd', 'user', 'wherry-default.service');
  beforeEach(async () => {
    ran = [];
    failure = undefined;
    config = await mkdtemp(join(tmpdir(), 'wherry-autostart-'));
    world = await machineWorld({ agents: 'pretended', isDefault: true });
    const machine = { name: 'default', driver: 'fake', start: false };
    await createMachine(world.context, machine, world.report, world.signal);
  });
  afterEach(async () => {
    await world.end();
    await rm(config, { recursive: true });
  });

  it('is enabled, told, and disabled again', async () => {
    expect(await isAutostarted(where(), 'default')).to.equal(false);
    expect(await enableAutostart(where(), 'default', program)).to.match(/loginctl enable-linger /);
    expect(await isAutostarted(where(), 'default')).to.equal(true);
    const text = await readFile(unit(), 'utf8');
    expect(text).to.contain(
      `ExecStart="/usr/bin/node" "/usr/lib/wherry/bin/run.js" "--storage-path" "${world.home}" "machine" "autostart" "run" "default"\n`,
    );
    // Nothing of the environment but what a start needs: it may hold secrets.
    expect(text).to.contain('Environment="PATH=/bin"\n').and.not.contain('SHELL');
    expect((await stat(unit())).mode & 0o777).to.equal(0o600);
    await disableAutostart(where(), 'default', program);
    expect(await isAutostarted(where(), 'default')).to.equal(false);
    expect(ran).to.deep.equal([
      'systemctl --user enable wherry-default.service',
      'systemctl --user disable wherry-default.service',
      'systemctl --user daemon-reload',
    ]);
    await disableAutostart(where(), 'default', program);
    expect(ran).to.have.length(3);
  });

  it('leaves nothing where systemd doesn’t answer, and says what to try', async () => {
    failure = new WherryError({ code: 'COMMAND_FAILED', message: 'systemctl failed with status 1: no bus' });
    expect(await failureOf(enableAutostart(where(), 'default', program))).to.equal(
      'AUTOSTART_UNAVAILABLE: autostart could not be enabled: systemctl failed with status 1: no bus',
    );
    expect(existsSync(unit())).to.equal(false);
  });

  it('puts the earlier entry back where it can’t be enabled again', async () => {
    await enableAutostart(where(), 'default', program);
    const before = await readFile(unit(), 'utf8');
    failure = new WherryError({ code: 'COMMAND_FAILED', message: 'no bus' });
    expect(await failureOf(enableAutostart(where(), 'default', ['/new/node']))).to.contain('no bus');
    expect(await readFile(unit(), 'utf8')).to.equal(before);
    expect((await stat(unit())).mode & 0o777).to.equal(0o600);
    expect(await isAutostarted(where(), 'default')).to.equal(true);
  });

  it('stays enabled, and says so, where systemd doesn’t take it back; a machine that goes takes its files along', async () => {
    await enableAutostart(where(), 'default', program);
    failure = new WherryError({ code: 'COMMAND_FAILED', message: 'no bus' });
    expect(await failureOf(disableAutostart(where(), 'default', program))).to.equal(
      'AUTOSTART_UNAVAILABLE: autostart could not be disabled: no bus',
    );
    expect(await isAutostarted(where(), 'default')).to.equal(true);
    expect(existsSync(unit())).to.equal(true);
    const notes: string[] = [];
    const onNote = (note: string) => notes.push(note);
    await removeMachine(where(), 'default', { force: false, onNote });
    expect(notes).to.deep.equal(['Note: autostart could not be disabled: no bus']);
    expect([existsSync(unit()), existsSync(link())]).to.deep.equal([false, false]);
  });

  it('goes by what systemd goes by, and tidies up what is left of it', async () => {
    await enableAutostart(where(), 'default', program);
    await rm(link());
    expect(await isAutostarted(where(), 'default')).to.equal(false);
    failure = new WherryError({ code: 'COMMAND_FAILED', message: 'it is not enabled' });
    await disableAutostart(where(), 'default', program);
    expect(existsSync(unit())).to.equal(false);
  });

  it('elsewhere asks whether the system still has what it failed to take back', async () => {
    for (const [exitCode, outcome] of [
      [0, 'AUTOSTART_UNAVAILABLE: autostart could not be disabled: Boot-out failed'],
      [113, 'nothing was thrown'],
    ] as const) {
      const mac = where();
      const paths = { ...mac.paths, platform: 'darwin' as const, uid: 501 };
      const answer = { exitCode, signal: undefined, timedOut: false, stdout: '', stderr: '' };
      const exec = {
        ...mac.agent.exec,
        run: (argv: readonly string[]) => {
          expect(argv).to.deep.equal(['launchctl', 'print', 'gui/501/wherry-default']);
          return Promise.resolve(answer);
        },
        check: () => Promise.reject(new WherryError({ code: 'COMMAND_FAILED', message: 'Boot-out failed' })),
      };
      const context = { ...mac, paths, agent: { ...mac.agent, exec } };
      await enableAutostart(context, 'default', program);
      expect(await failureOf(disableAutostart(context, 'default', program))).to.equal(outcome);
      expect(await isAutostarted(context, 'default')).to.equal(exitCode === 0);
    }
  });

  it('waits for nobody who is at the machine: it is told', async () => {
    await world.context.store.withLock('default', { verb: 'rm' }, async () => {
      expect(await failureOf(enableAutostart(where(), 'default', program))).to.match(/^LOCKED/);
      expect(existsSync(unit())).to.equal(false);
      expect(await failureOf(disableAutostart(where(), 'default', program))).to.match(/^LOCKED/);
    });
  });

  it('goes with its machine', async () => {
    await enableAutostart(where(), 'default', program);
    await removeMachine(where(), 'default', { force: false });
    expect(existsSync(unit())).to.equal(false);
    expect(ran).to.include('systemctl --user disable wherry-default.service');
    expect(await failureOf(enableAutostart(where(), 'default', program))).to.match(/^MACHINE_NOT_FOUND/);
  });
});
