import type { Descriptor } from './registry-image.ts';

/**
 * `curl | tee >(sha256sum) | gunzip | sha256sum` of each layer, with trixie's own curl, coreutils, gzip and bash.
 * `tuned`: with OpenSSL, which is what hashes there, kept off the vector instructions that cost it most of its speed under
 * emulation. The engine does so for itself; against Debian's defaults it would win by that alone.
 */
export function floorScript(
  registry: string,
  repository: string,
  layers: readonly Descriptor[],
  tuned: boolean,
): string {
  const urls = layers.map(({ digest }) => `http://${registry}/v2/${repository}/blobs/${digest}`);
  return [
    'set -e -o pipefail',
    ...(tuned
      ? [
          'if grep -q wherry.cpu=emulated /proc/cmdline; then export OPENSSL_ia32cap=~0x1000020000000000:~0x20; fi',
        ]
      : []),
    ...urls.map((url) => `curl -sf ${url} | tee >(sha256sum >&2) | gunzip | sha256sum`),
  ].join('\n');
}
