/** What dpkg leaves out in Debian's own slim images: manuals, translations, and of the documentation all but the licences. */
const EXCLUDED = ['doc', 'groff', 'info', 'lintian', 'linda', 'locale', 'man'];

/** dpkg.cfg(5), so that what is installed later leaves the same out. */
export const SLIM_DPKG_CONFIG: readonly [path: string, text: string] = [
  'etc/dpkg/dpkg.cfg.d/slim',
  `# A slim image: see "wherry image bootstrap --help"
${EXCLUDED.map((name) => `path-exclude /usr/share/${name}/*\n`).join('')}path-include /usr/share/doc/*/copyright
`,
];

/** Whether a slim image leaves out a file at this path; folders stay where something in them does. */
export function isLeftOut(path: string): boolean {
  const [usr, share, name = '', ...rest] = path.split('/');
  if (usr !== 'usr' || share !== 'share' || rest.length === 0 || !EXCLUDED.includes(name)) return false;
  return !(name === 'doc' && rest.length === 2 && rest[1] === 'copyright');
}
