import type { SpecMutator } from './spec.ts';

/** Where Docker has it too (moby daemon/oci_linux.go). */
const IN_CONTAINER = '/sbin/docker-init';

/**
 * `--init`: a small program is pid 1, hands signals on and reaps what its child leaves behind. It is the VM's own,
 * mounted read-only over whatever the image has in its place.
 *
 * @param program its path in the VM, linked statically; undefined: the command itself is pid 1
 */
export const withInit =
  (program: string | undefined): SpecMutator =>
  (spec) => {
    if (program === undefined) return;
    spec.process.args = [IN_CONTAINER, '--', ...spec.process.args];
    spec.mounts.push({ destination: IN_CONTAINER, type: 'bind', source: program, options: ['bind', 'ro'] });
  };
