import { invalid } from '../../errors.ts';
import type { EngineError } from '../../errors.ts';

/** Why a process could not be started, and the exit code that a shell would give for it. */
export interface StartFailure {
  readonly exitCode: 126 | 127 | 128;
  readonly message: string;
}

const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const OTHER = 128;

/**
 * crun tells what went wrong in words alone, so this is the one place that reads them (crun 1.21, src/libcrun/linux.c
 * and container.c). Docker's clients in turn look for `executable file not found` and `permission denied` in the
 * engine's words to choose between 127 and 126 (docker/cli, cli/command/container/run.go): those are reproduced.
 *
 * @param command the first argument, for the message
 */
export function explainRuntimeError(text: string, command: string): StartFailure {
  const message = text.trim().replace(/^(?:\d{4}-\S+: )?/, '');
  const about = `exec: ${JSON.stringify(command)}`;
  if (/executable file .* not found|No such file or directory/i.test(message) && isAboutCommand(message)) {
    const absolute = command.includes('/');
    return {
      exitCode: NOT_FOUND,
      message: absolute
        ? `${about}: stat ${command}: no such file or directory`
        : `${about}: executable file not found in $PATH`,
    };
  }
  if (/is not a regular file|Is a directory/i.test(message) && isAboutCommand(message)) {
    return { exitCode: NOT_EXECUTABLE, message: `${about}: is a directory` };
  }
  if (/not executable|Permission denied/i.test(message) && isAboutCommand(message)) {
    return { exitCode: NOT_EXECUTABLE, message: `${about}: permission denied` };
  }
  if (/Exec format error/i.test(message)) {
    return { exitCode: NOT_EXECUTABLE, message: `${about}: exec format error` };
  }
  return { exitCode: OTHER, message: message === '' ? 'the runtime gave no reason' : message };
}

/** Only errors about the command itself say how it can't be run; a mount may lack permission too. */
function isAboutCommand(message: string): boolean {
  return /executable file|the path `.*` (?:exists but it is not executable|is not a regular file)|^(?:crun: )?(?:open executable|exec|cannot find executable|access|stat)\b/i.test(
    message,
  );
}

/** The error of a container's start, with Docker's prefix. */
export function startError(failure: StartFailure, cause?: unknown): EngineError {
  return invalid(
    `failed to create task for container: OCI runtime create failed: unable to start container process: ${failure.message}`,
    cause,
  );
}
