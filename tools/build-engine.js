// The engine as one file, dist/engine/engine.mjs: everything but koffi, whose native part has to match the guest.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export async function buildEngine(root) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'src/engine/main.ts')],
    outfile: join(root, 'dist/engine/engine.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    external: ['koffi'],
    // Shorter syntax loads faster; names stay, for stack traces in the log.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    sourcemap: false,
    define: { 'process.env.WHERRY_VERSION': JSON.stringify(version) },
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildEngine(join(fileURLToPath(import.meta.url), '..', '..'));
}
