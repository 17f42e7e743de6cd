import { expect } from 'chai';
import { compileTemplate } from '../../../src/cli/render/template/execute.ts';

const data = {
  Name: 'web',
  Running: true,
  Count: 3,
  State: { Pid: 42, Error: '' },
  Tags: ['a', 'b'],
  Labels: { x: '1', y: '2' },
  Mixed: { 'a.b/c': { Port: '80' } },
};

// What Go's text/template with docker's functions prints for `data`.
const GOLDEN: readonly (readonly [string, string])[] = [
  ['{{.Name}}', 'web'],
  ['{{.State.Pid}}/{{.Count}}', '42/3'],
  ['{{json .Tags}}', '["a","b"]'],
  ['{{.Tags}} {{.Labels}}', '[a b] map[x:1 y:2]'],
  ['{{range .Tags}}<{{.}}>{{end}}', '<a><b>'],
  ['{{range $i, $t := .Tags}}{{$i}}={{$t}};{{end}}', '0=a;1=b;'],
  ['{{range $k, $v := .Labels}}{{$k}}{{$v}}{{end}}', 'x1y2'],
  ['{{if .Running}}up{{else}}down{{end}}', 'up'],
  ['{{if .State.Error}}e{{else if eq .Count 3}}three{{else}}x{{end}}', 'three'],
  ['{{with .State}}{{.Pid}}{{$.Name}}{{end}}', '42web'],
  ['{{index .Labels "x"}}{{(index .Mixed "a.b/c").Port}}', '180'],
  ['{{.Name | upper | printf "%-5s|"}}', 'WEB  |'],
  ['{{join .Tags ","}}', 'a,b'],
  ['a {{- .Name -}} b', 'awebb'],
  ['{{/* nothing */}}x', 'x'],
  ['{{$n := .Name}}{{$n}}{{len .Tags}}', 'web2'],
  ['{{.Name}}\\t{{.Count}}', 'web\t3'],
  ['{{.Missing}}', '<no value>'],
  ['{{if and .Running (gt .Count 2)}}y{{end}}', 'y'],
  ['{{range .Tags}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
];

describe('templates', () => {
  for (const [template, expected] of GOLDEN) {
    it(`renders ${template}`, () => expect(compileTemplate(template)(data)).to.equal(expected));
  }

  it('names what is wrong', () => {
    expect(() => compileTemplate('{{.Name')).to.throw(/template parsing error.*unclosed action/);
    expect(() => compileTemplate('{{nope .Name}}')(data)).to.throw(/function "nope" not defined/);
    expect(() => compileTemplate('{{.Nope}}', { missing: 'error' })(data)).to.throw(
      /map has no entry for key "Nope"/,
    );
    expect(() => compileTemplate('{{if .Name}}x')).to.throw(/unexpected EOF/);
  });
});
