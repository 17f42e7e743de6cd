// What the licences of the packages inside the bundles ask for: their texts, beside the bundles.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @param metafiles esbuild's, of the bundles. @returns the text: each package's name, version, licence and its words */
export function thirdPartyNotices(root, metafiles) {
  const inputs = metafiles.flatMap((made) => Object.keys(made.inputs));
  const inPackages = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  const directories = [...new Set(inPackages)].sort((a, b) => (a < b ? -1 : 1));
  const notices = directories.map((directory) => noticeOf(join(root, directory)));
  return `Wherry's programs contain these packages.\n\n${notices.join('\n')}`;
}

function noticeOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const texts = readdirSync(directory)
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .map((file) => join(directory, file))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8').trim());
  return [`=== ${name} ${version} (${license})`, ...texts, ''].join('\n\n');
}
