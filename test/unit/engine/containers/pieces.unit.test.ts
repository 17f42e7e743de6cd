import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flagOf, timeOf } from '../../../../src/engine/api/query.ts';
import { containerConfig } from '../../../../src/protocol/docker/container-config.ts';
import { statusText } from '../../../../src/engine/containers/inspect/describe-state.ts';
import { LineSplitter, parseLogLine } from '../../../../src/engine/containers/logs/lines.ts';
import { argvOf, mergeConfig } from '../../../../src/engine/containers/create/merge-config.ts';
import { checkName, generateName } from '../../../../src/engine/containers/create/names.ts';
import {
  extraHosts,
  hostsFile,
  resolvFile,
  updateNetworkFiles,
} from '../../../../src/engine/containers/network/network-files.ts';
import { explainRuntimeError } from '../../../../src/engine/containers/process/runtime-errors.ts';
import type { ContainerState } from '../../../../src/engine/containers/model.ts';
import { parseSignal } from '../../../../src/engine/containers/process/signals.ts';

describe('container names', () => {
  it('have two characters or more, of a few kinds', () => {
    for (const name of ['ab', 'a.b-c_D9', '00']) checkName(name);
    for (const name of ['a', '-ab', '.a', 'a b', 'ä1', 'a/b', '']) {
      expect(() => checkName(name), name).to.throw(`Invalid container name (${name})`);
    }
  });

  it('are generated free, with a number when they get scarce', () => {
    expect(generateName(() => false)).to.match(/^[a-z]+_[a-z]+$/);
    expect(generateName((name) => !/\d/.test(name))).to.match(/^[a-z]+_[a-z]+\d+$/);
  });
});

describe('signals', () => {
  it('have names, numbers and real-time offsets', () => {
    expect(['TERM', 'SIGTERM', 'sigterm', '15'].map(parseSignal)).to.deep.equal([15, 15, 15, 15]);
    expect(['KILL', 'HUP', 'USR1', 'WINCH'].map(parseSignal)).to.deep.equal([9, 1, 10, 28]);
    expect(['RTMIN', 'SIGRTMIN+3', 'RTMAX-1'].map(parseSignal)).to.deep.equal([34, 37, 63]);
    for (const signal of ['NOPE', '0', '65', 'RTMIN+31', '-9', '']) {
      expect(() => parseSignal(signal), signal).to.throw(`invalid signal: ${signal}`);
    }
  });
});

describe('mergeConfig', () => {
  const image = {
    Entrypoint: ['/entry'],
    Cmd: ['default'],
    Env: ['A=image', 'B=image'],
    User: 'app',
    WorkingDir: '/app',
    Labels: { a: '1', b: '1' },
  };
  const merged = (user: object) => mergeConfig(containerConfig.parse({ Image: 'x', ...user }), image);

  it("takes the image's command only where the user gave none", () => {
    expect(argvOf(merged({}))).to.deep.equal(['/entry', 'default']);
    expect(argvOf(merged({ Cmd: ['mine'] }))).to.deep.equal(['/entry', 'mine']);
    expect(argvOf(merged({ Cmd: 'mine' }))).to.deep.equal(['/entry', 'mine']);
    expect(argvOf(merged({ Entrypoint: ['/own'] }))).to.deep.equal(['/own']);
    expect(argvOf(merged({ Entrypoint: [''], Cmd: ['sh'] }))).to.deep.equal(['sh']);
    expect(() => argvOf(merged({ Entrypoint: [''] }))).to.throw('no command specified');
  });

  it('lets the user win by name', () => {
    const config = merged({ Env: ['B=mine', 'C'], Labels: { b: '2' }, User: '7' });
    expect(config.Env).to.deep.equal(['B=mine', 'C', 'A=image']);
    expect(config.Labels).to.deep.equal({ a: '1', b: '2' });
    expect(config).to.include({ User: '7', WorkingDir: '/app' });
  });
});

describe('log lines', () => {
  it('are read as conmon writes them', () => {
    const line = parseLogLine(Buffer.from('2026-11-21T23:19:39.206054831+00:00 stdout F hi there'));
    expect(line).to.deep.include({ time: '2026-11-21T23:19:39.206054831Z', stream: 1 });
    expect(line?.text.toString()).to.equal('hi there\n');
    const part = parseLogLine(Buffer.from('2026-11-21T23:19:39.206054831+00:00 stderr P $ '));
    expect(part).to.deep.include({ stream: 2 });
    expect(part?.text.toString()).to.equal('$ ');
    expect(parseLogLine(Buffer.from('2026 stdout F '))?.text.toString()).to.equal('\n');
    for (const junk of ['', 'x', 'a b', 'time stdlog F x'])
      expect(parseLogLine(Buffer.from(junk)), junk).to.equal(undefined);
  });

  it('are put together however they come', () => {
    const splitter = new LineSplitter();
    const lines = ['on', 'e\ntw', 'o\n\nthr', 'ee'].flatMap((chunk) => splitter.push(Buffer.from(chunk)));
    expect(lines.map(String)).to.deep.equal(['one', 'two', '']);
  });
});

describe("the runtime's errors (crun 1.21)", () => {
  it("become Docker's words and the shell's exit codes", () => {
    const cases: [string, string, number, string][] = [
      [
        'executable file `nope` not found in $PATH: No such file or directory',
        'nope',
        127,
        'exec: "nope": executable file not found in $PATH',
      ],
      [
        'crun: executable file `/x/y` not found: No such file or directory',
        '/x/y',
        127,
        'exec: "/x/y": stat /x/y: no such file or directory',
      ],
      [
        'the path `/plain` exists but it is not executable: Operation not permitted',
        '/plain',
        126,
        'exec: "/plain": permission denied',
      ],
      [
        'the path `/tmp` is not a regular file: Operation not permitted',
        '/tmp',
        126,
        'exec: "/tmp": is a directory',
      ],
      ['mount `x` to `/proc`: Permission denied', 'sh', 128, 'mount `x` to `/proc`: Permission denied'],
      ['', 'sh', 128, 'the runtime gave no reason'],
    ];
    for (const [text, command, exitCode, message] of cases) {
      expect(explainRuntimeError(text, command), text).to.deep.equal({ exitCode, message });
    }
  });
});

describe('network files', () => {
  const sandbox = {
    netnsPath: '/n',
    nameservers: ['172.17.0.1'],
    endpoints: [
      {
        networkName: 'bridge',
        networkId: 'n',
        endpointId: 'e',
        gateway: '172.17.0.1',
        ipv4: '172.17.0.2',
        prefixLength: 16,
        macAddress: '02:42:ac:11:00:02',
        aliases: [],
      },
    ],
  };

  const names = { hostname: 'box', domainname: 'example.org' };

  it('name the container and added hosts', () => {
    const added = extraHosts(
      ['db:192.0.2.9', 'six:2001:db8::1', 'seven=[2001:db8::7]', 'host.docker.internal:host-gateway'],
      '10.0.2.2',
    );
    const lines = hostsFile(names, sandbox, added, '10.0.2.2').split('\n');
    expect(lines[0]).to.equal('127.0.0.1\tlocalhost');
    expect(lines.slice(6)).to.deep.equal([
      '192.0.2.9\tdb',
      '2001:db8::1\tsix',
      '2001:db8::7\tseven',
      '10.0.2.2\thost.docker.internal',
      '172.17.0.2\tbox.example.org box',
      '',
    ]);
    expect(() => extraHosts(['nonsense'], '10.0.2.2')).to.throw('bad format for add-host: "nonsense"');
    expect(() => extraHosts(['h:host-gateway'], undefined)).to.throw('unable to derive the IP value');
    const onHost = hostsFile(names, { netnsPath: undefined, endpoints: [] }, [], '10.0.2.2');
    expect(onHost).to.match(/10\.0\.2\.2\thost\.docker\.internal\n$/);
  });

  it("name servers: the user's, or else the network's", () => {
    const none = { Dns: [], DnsSearch: [], DnsOptions: [] };
    const wanted = { Dns: ['192.0.2.1'], DnsSearch: ['a', 'b'], DnsOptions: ['ndots:1'] };
    expect(resolvFile(sandbox, none)).to.equal('nameserver 172.17.0.1\n');
    expect(resolvFile(sandbox, wanted)).to.equal('nameserver 192.0.2.1\nsearch a b\noptions ndots:1\n');
    expect(resolvFile(sandbox, { ...none, DnsSearch: ['.'] })).to.equal('nameserver 172.17.0.1\n');
    const own = { ...sandbox, endpoints: sandbox.endpoints.map((one) => ({ ...one, networkName: 'own' })) };
    expect(resolvFile(own, wanted), 'its neighbours have names there').to.equal(
      'nameserver 172.17.0.1\nsearch a b\noptions ndots:1\n',
    );
    expect(resolvFile(own, none)).to.equal('nameserver 172.17.0.1\noptions ndots:0\n');
  });

  it('follow the networks of a running container, and leave what it wrote alone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'wherry-files-'));
    const [first] = sandbox.endpoints;
    if (first === undefined) throw new Error('no endpoint');
    const second = { ...first, networkName: 'other', ipv4: '172.18.0.2', gateway: '172.18.0.1' };
    const before = sandbox;
    const after = { ...before, endpoints: [second], nameservers: ['172.18.0.1'] };
    const options = { Dns: [], DnsSearch: [], DnsOptions: [] };
    try {
      const hosts = join(directory, 'hosts');
      const resolv = join(directory, 'resolv.conf');
      writeFileSync(hosts, `${hostsFile(names, before, [], undefined)}192.0.2.7\tmine`);
      writeFileSync(resolv, resolvFile(before, options));
      const inode = statSync(hosts).ino;
      await updateNetworkFiles(directory, names, { before, after }, options);
      expect(statSync(hosts).ino, 'it is mounted').to.equal(inode);
      expect(readFileSync(hosts, 'utf8').split('\n').slice(6)).to.deep.equal([
        '192.0.2.7\tmine',
        '172.18.0.2\tbox.example.org box',
        '',
      ]);
      expect(readFileSync(resolv, 'utf8')).to.equal('nameserver 172.18.0.1\noptions ndots:0\n');
      writeFileSync(resolv, 'nameserver 192.0.2.53\n');
      await updateNetworkFiles(directory, names, { before: after, after: before }, options);
      expect(readFileSync(resolv, 'utf8')).to.equal('nameserver 192.0.2.53\n');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('status texts', () => {
  it("are docker's", () => {
    const now = Date.parse('2026-11-21T12:00:10Z');
    const exited = {
      status: 'exited',
      exitCode: 137,
      oomKilled: true,
      error: '',
      startedAt: '',
      finishedAt: '2026-11-21T12:00:00Z',
    } as const;
    expect(statusText({ state: exited }, now)).to.equal('Exited (137) 10 seconds ago');
    expect(statusText({ state: { status: 'created' } }, now)).to.equal('Created');
    const { error: _, ...end } = exited;
    expect(statusText({ state: { ...end, status: 'restarting' } }, now)).to.equal(
      'Restarting (137) 10 seconds ago',
    );
    const running = { status: 'running', startedAt: '2026-11-21T12:00:00Z', paused: false } as ContainerState;
    const texts = (['starting', 'healthy', 'unhealthy'] as const).map((Status) =>
      statusText({ state: running, health: { Status, FailingStreak: 0, Log: [] } }, now),
    );
    expect(texts).to.deep.equal([
      'Up 10 seconds (health: starting)',
      'Up 10 seconds (healthy)',
      'Up 10 seconds (unhealthy)',
    ]);
  });
});

describe('query parameters', () => {
  it('are true as Docker has it', () => {
    const query = new URLSearchParams('a=1&b=true&c=0&d=false&e=&f=True');
    expect(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((key) => flagOf(query, key))).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
      true,
      false,
    ]);
  });

  it('tell times in seconds or RFC 3339', () => {
    const query = new URLSearchParams({ a: '1795297004.5', b: '2026-11-21T21:36:44Z', c: '0', d: 'soon' });
    expect(timeOf(query, 'a')).to.equal(1_795_297_004_500);
    expect(timeOf(query, 'b')).to.equal(1_795_297_004_000);
    expect(timeOf(query, 'c')).to.equal(undefined);
    expect(() => timeOf(query, 'd')).to.throw('invalid value for "d"');
  });
});
