import { invalid } from '../errors.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
/** NAME_MAX of Linux: a volume is a directory of its name. */
const LONGEST = 255;

/**
 * Docker's rule for names of local volumes (moby volume/local). No name of it begins with a dot: those are the store's.
 *
 * @throws EngineError invalidParameter in Docker's words
 */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw invalid(
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (!NAME.test(name)) {
    throw invalid(
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
  if (name.length > LONGEST)
    throw invalid(`create ${name}: volume name is longer than ${LONGEST} characters`);
}
