import { createHash } from 'node:crypto';
import { ARCHES } from '../../core/arch.ts';
import type { Arch } from '../../core/arch.ts';
import { printingExecutable } from './tiny-elf.ts';

export interface BundledFile {
  /** Below {@link BUNDLED_HELLO_WORLD}. */
  readonly path: string;
  readonly content: Buffer;
}

/** Where the engine looks for it in the system disk. */
export const BUNDLED_HELLO_WORLD = '/usr/lib/wherry/bundled/hello-world';

export const HELLO_TEXT = `
Hello from Wherry!
This message shows that your machine runs Linux containers.

To get here:
 1. The wherry command handed "run hello-world" to the agent of your machine.
 2. The agent passed it on, over SSH, into the virtual machine.
 3. The engine in there found no way to a registry just now, and took the
    hello-world image that Wherry brings along for this case.
 4. It made a container of that image: a root of its own, processes of its own,
    a network of its own. The program in it wrote what you are reading.

With a network, any image will do:
 $ wherry run -it debian bash

`;

const MEDIA = 'application/vnd.oci.image';
const CREATED = '2026-01-01T00:00:00Z';

/**
 * The bundled hello-world as an OCI layout (image-spec v1.1), for both architectures. The layers are plain tar: a
 * compressor's output would change with the Node that composes the image.
 */
export function bundledHelloWorld(): BundledFile[] {
  const files: BundledFile[] = [];
  const put = (content: Buffer, mediaType: string) => {
    const hex = sha256(content);
    files.push({ path: `blobs/sha256/${hex}`, content });
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
  };
  const putJson = (value: object, mediaType: string) => put(Buffer.from(JSON.stringify(value)), mediaType);
  const manifests = ARCHES.map((arch) => {
    const layer = layerTar(printingExecutable(arch, HELLO_TEXT));
    const config = putJson(imageConfig(arch, sha256(layer)), `${MEDIA}.config.v1+json`);
    const layers = [put(layer, `${MEDIA}.layer.v1.tar`)];
    const mediaType = `${MEDIA}.manifest.v1+json`;
    const manifest = putJson({ schemaVersion: 2, mediaType, config, layers }, mediaType);
    const variant = arch === 'arm64' ? { variant: 'v8' } : {};
    return { ...manifest, platform: { os: 'linux', architecture: arch, ...variant } };
  });
  const mediaType = `${MEDIA}.index.v1+json`;
  const index = putJson({ schemaVersion: 2, mediaType, manifests }, mediaType);
  const annotations = { 'io.containerd.image.name': 'docker.io/library/hello-world:latest' };
  const layout = { schemaVersion: 2, mediaType, manifests: [{ ...index, annotations }] };
  return [
    ...files,
    { path: 'index.json', content: Buffer.from(JSON.stringify(layout)) },
    { path: 'oci-layout', content: Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' })) },
  ];
}

function imageConfig(arch: Arch, diffId: string): object {
  return {
    created: CREATED,
    architecture: arch,
    os: 'linux',
    ...(arch === 'arm64' ? { variant: 'v8' } : {}),
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['/hello'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
    history: [{ created: CREATED, created_by: 'bundled with Wherry' }],
  };
}

/** A ustar archive of one executable, `hello`. */
function layerTar(program: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write('hello', 0, 'latin1');
  header.write('0000755\0', 100, 'latin1');
  header.write('0000000\0'.repeat(2), 108, 'latin1');
  header.write(`${program.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write(`${(Date.parse(CREATED) / 1000).toString(8).padStart(11, '0')}\0`, 136, 'latin1');
  header.fill(0x20, 148, 156);
  header.write('0', 156, 'latin1');
  header.write('ustar\u{0}00', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, program, Buffer.alloc(512 - (program.length % 512) + 1024)]);
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
