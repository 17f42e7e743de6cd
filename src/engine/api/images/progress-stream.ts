import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { EngineError } from '../../errors.ts';
import type { ProgressLine } from '../../images/progress.ts';
import type { ApiResponse } from '../route.ts';

/**
 * A stream of JSON lines. The status line goes out with the first of them: what fails before is an ordinary error
 * answer, what fails later a last line with `errorDetail`, as clients expect it.
 */
export class ProgressStream {
  readonly #response: ApiResponse;
  #out: ServerResponse | undefined;

  constructor(response: ApiResponse) {
    this.#response = response;
  }

  readonly write = (line: ProgressLine): void => {
    this.#out ??= this.#response.stream(200, 'application/json');
    this.#out.write(`${JSON.stringify(line)}\r\n`);
  };

  /** Runs the work and ends the stream. Before the first line, errors are the caller's. */
  async run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#out === undefined) throw error;
      if (this.#out.destroyed) return; // the client is gone, there is nobody to tell
      const message = error instanceof Error ? error.message : String(error);
      if (!(error instanceof EngineError) && !(error instanceof Error)) throw error;
      this.write({ errorDetail: { message }, error: message });
    }
    this.#out ??= this.#response.stream(200, 'application/json');
    const finished = once(this.#out, 'close');
    this.#out.end();
    await finished;
  }
}
