import { expect } from 'chai';
import { goTime, rfc3339Local } from '../../../src/core/local-time.ts';
import {
  CONTAINER_LIST,
  containerRows,
  type ContainerSummary,
} from '../../../src/cli/render/container-list.ts';
import { renderList } from '../../../src/cli/render/format.ts';

const summary: ContainerSummary = {
  Id: 'ab'.repeat(32),
  Names: ['/web'],
  Image: `registry.example/app@sha256:${'0'.repeat(64)}`,
  ImageID: `sha256:${'cd'.repeat(32)}`,
  Command: `sh -c 'echo "hello", world'`,
  Created: 1_795_313_596,
  Ports: [],
  Labels: { 'com.example.tier-name': 'front' },
  State: 'running',
  Status: 'Up 5 seconds (healthy)',
  Mounts: [
    { Name: 'a-volume-with-a-long-name', Driver: 'local' },
    { Name: '', Source: '/srv' },
  ],
};
const now = new Date((summary.Created + 5) * 1000);
const render = (format: string, truncate: boolean, fields: object = {}): string =>
  renderList(containerRows([{ ...summary, ...fields }], { truncate, now }), CONTAINER_LIST, format).join(
    '\n',
  );

describe('wherry ps', () => {
  it('shortens what docker shortens, unless it is told not to', () => {
    const format = '{{.ID}}|{{.Image}}|{{.Command}}|{{.Mounts}}|{{.LocalVolumes}}';
    expect(render(format, true)).to.equal(
      `abababababab|registry.example/app|"sh -c 'echo \\"hello\\"…"|a-volume-with-…,/srv|1`,
    );
    expect(render('{{.Image}} {{.Command}} {{.Mounts}}', false)).to.equal(
      `${summary.Image} "sh -c 'echo \\"hello\\", world'" a-volume-with-a-long-name,/srv`,
    );
    expect(render('{{.Image}}', true, { Image: summary.ImageID })).to.equal('cdcdcdcdcdcd');
  });

  it('labels are asked for by name', () => {
    expect(render('{{.Label "com.example.tier-name"}}{{.Label "none"}}', true)).to.equal('front');
    expect(render('table {{.Names}}\t{{.Label "com.example.tier-name"}}', true)).to.equal(
      'NAMES     tier name\nweb       front',
    );
    expect(render('json', true)).not.to.include('"Label"');
  });

  it('times are local, as Go prints them', () => {
    const date = new Date(summary.Created * 1000);
    expect(goTime(date)).to.match(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} \S+$/);
    expect(Date.parse(rfc3339Local(summary.Created * 1e9 + 123e6))).to.equal(date.getTime() + 123);
    // Numbers of this size are 256 apart: a hair below a millisecond is that one.
    expect(rfc3339Local(1_795_317_836_178 * 1e6)).to.include('.178000000');
    expect(rfc3339Local(summary.Created * 1e9)).to.match(/\.000000000(Z|[+-]\d\d:\d\d)$/);
  });
});
