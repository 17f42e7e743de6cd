import { expect } from 'chai';
import { renderList } from '../../../src/cli/render/format.ts';
import { historyList, historyRows } from '../../../src/cli/render/history-list.ts';

const now = new Date('2026-11-22T12:00:00Z');
const ITEMS = [
  {
    Id: `sha256:${'4a58a2fb8455'.padEnd(64, '0')}`,
    Created: now.getTime() / 1000 - 7200,
    CreatedBy: `/bin/sh -c\techo ${'x'.repeat(60)}`,
    Size: 1_982_786,
    Comment: 'mine',
  },
  { Id: '<missing>', Created: 0, CreatedBy: 'ADD layer0', Size: 0, Comment: '' },
];
const options = { truncate: true, human: true, now };

describe('history', () => {
  it("prints docker's columns: cut commands, ages, no age for made-up dates", () => {
    const lines = renderList(historyRows(ITEMS, options), historyList(true), undefined);
    expect(lines.map((line) => line.trimEnd())).to.deep.equal([
      'IMAGE          CREATED       CREATED BY                                      SIZE      COMMENT',
      '4a58a2fb8455   2 hours ago   /bin/sh -c echo xxxxxxxxxxxxxxxxxxxxxxxxxxxx…   1.98MB    mine',
      '<missing>                    ADD layer0                                      0B',
    ]);
  });
  it('prints dates and bytes without --human, and everything with --no-trunc', () => {
    const rows = historyRows(ITEMS, { truncate: false, human: false, now });
    expect(rows[0]).to.include({
      ID: ITEMS[0]?.Id,
      Size: '1982786',
      CreatedBy: `/bin/sh -c echo ${'x'.repeat(60)}`,
    });
    expect(rows[0]?.['CreatedSince']).to.match(/^2026-11-2\dT\d\d:00:00(Z|[+-]\d\d:\d\d)$/);
    const [heading] = renderList(rows, historyList(false), undefined);
    expect(heading).to.match(/^IMAGE +CREATED AT +CREATED BY +SIZE +COMMENT *$/);
  });
  it('takes a template', () => {
    expect(renderList(historyRows(ITEMS, options), historyList(true), '{{.ID}}:{{.Size}}')).to.deep.equal([
      '4a58a2fb8455:1.98MB',
      '<missing>:0B',
    ]);
  });
});
