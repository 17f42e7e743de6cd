// Writes oclif.manifest.json: the flags and descriptions of every command, so that a start loads one command's module
// and no other.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config } from '@oclif/core';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.env.NODE_ENV = 'production';
const config = await Config.load({ root, ignoreManifest: true });
const plugin = config.plugins.get('wherry');
if (!plugin) throw new Error('oclif did not find the wherry plugin');
const manifest = await (plugin.manifest.commands && Object.keys(plugin.manifest.commands).length > 0
  ? plugin.manifest
  : undefined);
if (!manifest) throw new Error('oclif found no commands in src/cli/commands');
writeFileSync(join(root, 'oclif.manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
