import { directory, file, symlink } from '../../test/helpers/images/entries.ts';
import type { DebianImage } from './debian-layers.ts';

/** Five layers of what images for developers hold: many small files and a few big ones. */
export const LARGE: DebianImage = {
  name: 'large-2',
  layers: [
    ['bash', 'coreutils', 'util-linux', 'tar', 'gzip', 'grep', 'sed', 'findutils', 'ca-certificates', 'curl'],
    ['python3', 'python3-yaml'],
    ['git', 'perl'],
    ['gcc', 'make'],
    ['vim', 'redis-server'],
  ],
};

/** Debian's dockerd and podman, and the programs that the floor is made of. */
export const PEERS: DebianImage = {
  name: 'peers-2',
  layers: [
    ['bash', 'coreutils', 'curl', 'gzip', 'grep', 'procps'],
    ['docker.io', 'docker-cli', 'podman', 'crun', 'kmod', 'iproute2'],
  ],
  // What maintainer scripts would have made.
  extra: [
    symlink('usr/bin/sh', 'bash'),
    directory('etc/containers'),
    file('etc/containers/policy.json', '{"default":[{"type":"insecureAcceptAnything"}]}\n'),
    directory('peers'),
  ],
};

/** One layer of 100,000 empty files, a thousand to a directory: mkfs.erofs looks through a directory for each new name. */
export const MANY: DebianImage = {
  name: 'many-3',
  layers: [[]],
  extra: Array.from({ length: 100_000 }, (_, at) => file(`opt/${at % 100}/${at}`, '')),
};
