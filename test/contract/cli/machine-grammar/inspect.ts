import type { MachineCase } from '../../../helpers/cli/machine-case.ts';
import { extra, NO_DEFAULT, unknown } from './messages.ts';

const given = {
  default: {
    state: 'running',
    cpus: 3,
    memoryMiB: 4096,
    diskGiB: 7,
    engine: {
      insecureRegistries: ['r:5000'],
      registryMirrors: ['https://m.example'],
      labels: ['a=b'],
      env: ['HTTPS_PROXY=http://me:secret@p:3128'],
      userns: 'auto',
    },
  },
} as const satisfies MachineCase['given'];

/** `inspect -f TEMPLATE` of that machine, and what is printed. */
const shown = (template: string, out: string | RegExp): MachineCase => ({
  line: `inspect -f '${template}'`,
  given: mutable(),
  out,
});
const refused = (template: string, err: RegExp): MachineCase => ({
  line: `inspect -f '${template}'`,
  given: mutable(),
  status: 1,
  err,
});

/** machine.json's lists aren't read-only ones. */
function mutable(): NonNullable<MachineCase['given']> {
  const { engine, ...rest } = given.default;
  return {
    default: {
      ...rest,
      engine: {
        insecureRegistries: [...engine.insecureRegistries],
        registryMirrors: [...engine.registryMirrors],
        labels: [...engine.labels],
        env: [...engine.env],
        userns: engine.userns,
      },
    },
  };
}

export const INSPECT: readonly MachineCase[] = [
  { line: 'inspect', status: 1, err: NO_DEFAULT },
  { line: 'inspect nope', status: 1, err: unknown('nope') },
  { line: 'inspect a b', given: { a: 'stopped', b: 'stopped' }, status: 1, err: extra('b') },
  {
    line: 'inspect x',
    given: { x: 'broken' },
    status: 1,
    err: /^Docker machine "x" is broken: machine\.json/,
  },
  {
    line: 'inspect',
    given: mutable(),
    out: /^\{\n {4}"ConfigVersion": 1,\n {4}"Driver": \{\n[\s\S]*\n {4}\},\n {4}"DriverName": "fake",\n {4}"HostOptions": \{\n[\s\S]*\n {4}"Name": "default"\n\}\n$/,
  },
  { line: 'inspect a', given: { a: 'stopped' }, out: /"State": "Stopped"/ },
  { line: 'inspect x', given: { x: 'sick' }, out: /"State": "Error"/ },
  { line: "inspect -f '' a", given: { a: 'stopped' }, out: /^\{\n {4}"ConfigVersion": 1,/ },
  shown('{{.Name}}', 'default\n'),
  shown('{{.DriverName}}', 'fake\n'),
  shown('{{.ConfigVersion}}', '1\n'),
  shown('{{.Driver.MachineName}} {{.Driver.State}}', 'default Running\n'),
  shown('{{.Driver.CPU}} {{.Driver.Memory}} {{.Driver.DiskSize}}', '3 4096 7168\n'),
  shown('{{.Driver.StorePath}}', 'HOME\n'),
  shown('{{.Driver.SSHKeyPath}}', 'HOME/machines/default/id_ed25519\n'),
  shown('{{.HostOptions.AuthOptions.StorePath}}', 'HOME/machines/default\n'),
  shown('{{.HostOptions.EngineOptions.InsecureRegistry}}', '[r:5000]\n'),
  shown('{{index .HostOptions.EngineOptions.RegistryMirror 0}}', 'https://m.example\n'),
  shown('{{json .HostOptions.EngineOptions.Labels}}', '["a=b"]\n'),
  // A proxy's password is never shown.
  shown('{{json .HostOptions.EngineOptions.Env}}', /^\["HTTPS_PROXY=http:\/\/(?!.*secret).*p:3128\/?"\]\n$/),
  shown('{{.HostOptions.EngineOptions.ArbitraryFlags}}', '[userns=auto]\n'),
  shown('{{.HostOptions.SwarmOptions.IsSwarm}}', 'false\n'),
  shown('{{json .Driver.CPU}}', '3\n'),
  shown('{{prettyjson .HostOptions.SwarmOptions}}', /^\{\n {4}"IsSwarm": false,\n/),
  shown('{{json .}}', /^\{"ConfigVersion":1,"Driver":\{.*"Name":"default"\}\n$/),
  shown('{{range .HostOptions.EngineOptions.Labels}}<{{.}}>{{end}}', '<a=b>\n'),
  shown('{{len .HostOptions.EngineOptions.Labels}}', '1\n'),
  { line: 'inspect --format {{.Name}} a', given: { a: 'stopped' }, out: 'a\n' },
  { line: 'inspect a -f {{.Driver.IPAddress}}|', given: { a: 'stopped' }, out: '|\n' },
  refused('{{.Nope}}', /template.*<\.Nope>: map has no entry for key "Nope"/),
  refused('{{.Driver.Nope}}', /template.*map has no entry for key "Nope"/),
  refused('{{', /template.*unclosed action/),
  refused('{{bogus .Name}}', /template.*function "bogus" not defined/),
];
