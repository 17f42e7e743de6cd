/** What is measured, as it is printed. */
export const NAMES = {
  ours: 'pull of five layers',
  floor: 'curl | tee >(sha256sum) | gunzip | sha256sum, tuned as the engine',
  untuned: 'curl | tee >(sha256sum) | gunzip | sha256sum, as Debian has it',
  docker: 'docker pull',
  podman: 'podman pull',
  alone: 'pull of the fifth layer alone',
  fifth: 'pull where four of the five are there',
} as const;
