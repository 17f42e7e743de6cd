import { createHash } from 'node:crypto';
import { parseStanza } from '../debian/deb822.ts';

/** One package as dpkg remembers it once its files are in place and before it is configured. */
export interface UnpackedPackage {
  /** The members of its control archive, by name. */
  readonly control: ReadonlyMap<string, Buffer>;
  /** The paths of its files as they were packed, in the archive's order; byte strings without a leading slash. */
  readonly paths: readonly string[];
  /** What is at a path, for the digests of configuration files. */
  readonly contentOf: (path: string) => Buffer | undefined;
}

/** Where dpkg keeps its records, below the root. */
export const DPKG = 'var/lib/dpkg';

/**
 * The files of dpkg's database that says "unpacked, not yet configured" of each package: what `dpkg --unpack` would
 * have written (deb-triggers(5), dpkg's lib/dpkg/dbdir.h and infodb-format.c: format 1). By path below the root.
 */
export function dpkgDatabase(packages: readonly UnpackedPackage[]): Map<string, string | Buffer> {
  const files = new Map<string, string | Buffer>();
  const stanzas: string[] = [];
  const interests = new Map<string, string[]>();
  for (const unpacked of packages) {
    const text = (unpacked.control.get('control') ?? Buffer.alloc(0)).toString('utf8');
    const fields = parseStanza(text);
    const name = infoName(fields);
    stanzas.push(statusStanza(text, unpacked));
    for (const [member, bytes] of unpacked.control)
      if (member !== 'control') files.set(`${DPKG}/info/${name}.${member}`, bytes);
    if (!unpacked.control.has('md5sums')) files.set(`${DPKG}/info/${name}.md5sums`, md5sums(unpacked));
    files.set(`${DPKG}/info/${name}.list`, Buffer.from(pathList(unpacked.paths), 'latin1'));
    for (const { trigger, awaits } of interestsOf(unpacked.control.get('triggers'))) {
      const whose = `${name}${awaits ? '' : '/noawait'}`;
      interests.set(trigger, [...(interests.get(trigger) ?? []), whose]);
    }
  }
  files.set(`${DPKG}/status`, stanzas.join('\n'));
  files.set(`${DPKG}/info/format`, '1\n');
  const byFile = [...interests].filter(([trigger]) => trigger.startsWith('/'));
  const byName = [...interests].filter(([trigger]) => !trigger.startsWith('/'));
  files.set(
    `${DPKG}/triggers/File`,
    byFile.flatMap(([path, names]) => names.map((name) => `${path} ${name}\n`)).join(''),
  );
  for (const [trigger, names] of byName)
    files.set(`${DPKG}/triggers/${trigger}`, names.map((name) => `${name}\n`).join(''));
  for (const empty of ['available', 'diversions', 'statoverride', 'triggers/Unincorp'])
    files.set(`${DPKG}/${empty}`, '');
  return files;
}

/** `libc6:amd64` where several architectures of a package can be there side by side, else the name alone. */
export function infoName(fields: ReadonlyMap<string, string>): string {
  const name = fields.get('package') ?? '';
  return fields.get('multi-arch') === 'same' ? `${name}:${fields.get('architecture') ?? ''}` : name;
}

function statusStanza(control: string, unpacked: UnpackedPackage): string {
  const [first = '', ...rest] = control.trimEnd().split('\n');
  const conffiles = conffilesOf(unpacked.control.get('conffiles')).flatMap((path) => {
    const content = unpacked.contentOf(path);
    return content === undefined ? [] : [` ${path} ${md5(content)}`];
  });
  const extra = conffiles.length === 0 ? [] : ['Conffiles:', ...conffiles];
  return `${[first, 'Status: install ok unpacked', ...rest, ...extra].join('\n')}\n`;
}

/** dpkg makes the list itself where a package has none: of all its files but the configuration's (deb-md5sums(5)). */
function md5sums({ control, paths, contentOf }: UnpackedPackage): string {
  const conffiles = new Set(conffilesOf(control.get('conffiles')));
  return paths
    .filter((path) => !conffiles.has(`/${path}`))
    .flatMap((path) => {
      const content = contentOf(path);
      return content === undefined ? [] : [`${md5(content)}  ${path}\n`];
    })
    .join('');
}

const md5 = (content: Buffer): string => createHash('md5').update(content).digest('hex');

/** deb-conffiles(5): absolute paths, one a line; a flag before one marks what an upgrade removes. */
function conffilesOf(member: Buffer | undefined): string[] {
  return linesOf(member).filter((line) => line.startsWith('/'));
}

function interestsOf(member: Buffer | undefined): { trigger: string; awaits: boolean }[] {
  return linesOf(member).flatMap((line) => {
    const [directive, trigger] = line.split(/\s+/);
    if (trigger === undefined || directive === undefined || !/^interest(?:-(?:no)?await)?$/.test(directive))
      return [];
    return [{ trigger, awaits: directive !== 'interest-noawait' }];
  });
}

function linesOf(member: Buffer | undefined): string[] {
  const lines = (member ?? Buffer.alloc(0)).toString('utf8').split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
}

function pathList(paths: readonly string[]): string {
  return ['/.', ...paths.filter((path) => path !== '').map((path) => `/${path}`)]
    .map((path) => `${path}\n`)
    .join('');
}
