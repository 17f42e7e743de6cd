import { expect } from 'chai';
import { WherryError } from '../../../src/core/errors.ts';
import { asRunFailure, runContainer } from '../../../src/cli/run/run-container.ts';
import { createBody } from '../../../src/cli/run/create-body.ts';
import { explainRuntimeError, startError } from '../../../src/engine/containers/process/runtime-errors.ts';
import { pipedTerminal, startScriptedEngine, type Script } from '../../helpers/cli/scripted-engine.ts';

/** The exit status that `wherry run` ends with. */
async function statusOf(script: Script): Promise<number> {
  const engine = await startScriptedEngine(script);
  const flags = { interactive: false, tty: false, detach: false, rm: false, pull: 'never', quiet: true };
  try {
    return await runContainer(
      engine.client,
      { image: 'busybox', body: createBody('busybox', ['x'], flags, {}), flags },
      pipedTerminal(),
    );
  } catch (error) {
    const failure = asRunFailure(error);
    if (failure instanceof WherryError) return failure.exitCode;
    throw error;
  } finally {
    await engine.close();
  }
}

describe("wherry run's exit status", () => {
  for (const exitCode of [0, 3, 125, 126, 127, 137, 255]) {
    it(`is the program's: ${exitCode}`, async () => {
      expect(await statusOf({ exitCode })).to.equal(exitCode);
    });
  }

  // The engine's words go through HTTP to the client, which has nothing else to tell 126 from 127 by.
  const commands: readonly [command: string, crun: string, status: number][] = [
    ['nope', 'executable file `nope` not found in $PATH: No such file or directory', 127],
    ['/x/y', 'crun: executable file `/x/y` not found: No such file or directory', 127],
    ['/plain', 'the path `/plain` exists but it is not executable: Operation not permitted', 126],
    ['/tmp', 'the path `/tmp` is not a regular file: Operation not permitted', 126],
    ['/text', 'exec: Exec format error', 126],
  ];
  for (const [command, crun, status] of commands) {
    it(`is ${status} where ${command} cannot be run: ${crun}`, async () => {
      const failure = explainRuntimeError(crun, command);
      expect(failure.exitCode).to.equal(status);
      expect(await statusOf({ startError: startError(failure).message })).to.equal(status);
    });
  }

  it('is 125 where the engine refuses, whatever its HTTP status', async () => {
    for (const status of [400, 404, 409, 500, 501]) {
      expect(await statusOf({ createError: { status, message: 'no' } }), String(status)).to.equal(125);
    }
    expect(await statusOf({ startError: 'failed to set up the network' })).to.equal(125);
  });
});
