import { expect } from 'chai';
import { join } from 'node:path';
import { parseMountFlag } from '../../../src/cli/flags/mount-flag.ts';
import { volumeFields } from '../../../src/cli/flags/volumes.ts';
import { volumeRows } from '../../../src/cli/render/volume-list.ts';

const here = (path: string): string => join('/here', path);

describe('-v, --tmpfs and --volumes-from', () => {
  it('are what docker makes of them', () => {
    const { volumes, host } = volumeFields(
      {
        volume: [
          'data:/data:ro',
          '/anonymous',
          '/var/run/docker.sock:/var/run/docker.sock',
          './src:/app',
          '..:/up',
        ],
        tmpfs: ['/t', '/u:size=1m,mode=1777'],
        'volumes-from': ['other:ro'],
      },
      '/here',
    );
    expect(volumes).to.deep.equal({ '/anonymous': {} });
    expect(host).to.deep.equal({
      Binds: [
        'data:/data:ro',
        '/var/run/docker.sock:/var/run/docker.sock',
        `${join('/here', 'src')}:/app`,
        '/:/up',
      ],
      Tmpfs: { '/t': '', '/u': 'size=1m,mode=1777' },
      VolumesFrom: ['other:ro'],
    });
    expect(volumeFields({}, '/here')).to.deep.equal({ volumes: {}, host: {} });
  });
});

describe('--mount', () => {
  it('is what docker makes of it', () => {
    const cases: [string, object][] = [
      ['src=data,dst=/data', { Type: 'volume', Source: 'data', Target: '/data' }],
      ['type=volume,target=/x,readonly', { Type: 'volume', Target: '/x', ReadOnly: true }],
      ['target=/x,ro=false', { Type: 'volume', Target: '/x' }],
      [
        'source=v,target=/x,volume-nocopy,volume-label=a=b,volume-label=c,volume-driver=local,volume-opt=o=x=y',
        {
          Type: 'volume',
          Source: 'v',
          Target: '/x',
          VolumeOptions: {
            NoCopy: true,
            Labels: { a: 'b', c: '' },
            DriverConfig: { Name: 'local', Options: { o: 'x=y' } },
          },
        },
      ],
      [
        'type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1770',
        { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1_048_576, Mode: 0o1770 } },
      ],
      ['type=bind,src=./a,dst=/a', { Type: 'bind', Source: '/here/a', Target: '/a' }],
      ['"src=with,comma",dst=/a', { Type: 'volume', Source: 'with,comma', Target: '/a' }],
    ];
    for (const [text, body] of cases) expect(parseMountFlag(text, here), text).to.deep.equal(body);
  });

  it('is refused in docker’s words', () => {
    const cases: [string, RegExp][] = [
      ['type=volume', /target is required$/],
      ['src=a,dst=', /invalid value for 'dst': value is empty$/],
      ['src', /invalid field 'src' must be a key=value pair$/],
      ['colour=red', /unexpected key 'colour' in 'colour=red'$/],
      ['dst=/x,ro=maybe', /invalid value for ro: maybe$/],
      ['type=bind,src=/a,dst=/x,volume-nocopy', /cannot mix 'volume-\*' options with mount type 'bind'$/],
      ['dst=/x,tmpfs-size=much', /invalid value for tmpfs-size: much$/],
      ['type=tmpfs,dst=/x,tmpfs-mode=rwx', /invalid value for tmpfs-mode: rwx$/],
    ];
    for (const [text, message] of cases) expect(() => parseMountFlag(text, here), text).to.throw(message);
  });
});

describe('volume ls', () => {
  it('counts numbers in names', () => {
    const volumes = ['v10', 'v2', 'a'].map((Name) => ({
      Name,
      Driver: 'local',
      Mountpoint: '/m',
      CreatedAt: '',
      Labels: { a: 'b', c: '' },
      Options: null,
      Scope: 'local' as const,
    }));
    const rows = volumeRows(volumes);
    expect(rows.map(({ Name }) => Name)).to.deep.equal(['a', 'v2', 'v10']);
    expect(rows[0]).to.include({ Labels: 'a=b,c=', Scope: 'local', Size: 'N/A' });
  });
});
