import koffi from 'koffi';
import type { LibraryHandle } from 'koffi';

/** Of OpenSSL's SHA256_CTX, which has 112 bytes; it holds no pointers. */
const CONTEXT_BYTES = 256;
const DIGEST_BYTES = 32;

type NativeFunction = ReturnType<LibraryHandle['func']>;

interface Functions {
  readonly init: NativeFunction;
  readonly update: NativeFunction;
  readonly final: NativeFunction;
}

let bound: Functions | undefined;

/** Node exports the OpenSSL that it has inside (Node.js docs, "C++ addons", "Linking to libraries included with Node.js"). */
function functions(): Functions {
  if (bound === undefined) {
    const node = koffi.load(null);
    bound = {
      init: node.func('int SHA256_Init(void *context)'),
      update: node.func('int SHA256_Update(void *context, const void *data, size_t length)'),
      final: node.func('int SHA256_Final(_Out_ void *digest, void *context)'),
    };
  }
  return bound;
}

/**
 * A SHA-256 whose updates run in libuv's thread pool: node:crypto's run where they are called, and of a pull that is a
 * fifth of what the main thread does.
 */
export class Sha256 {
  readonly #context = Buffer.alloc(CONTEXT_BYTES);

  constructor() {
    functions().init(this.#context);
  }

  /** One at a time, in order. The bytes must not be changed before it is done. */
  async update(bytes: Buffer): Promise<void> {
    const context = this.#context;
    await new Promise<void>((resolve, reject) => {
      functions().update.async(context, bytes, bytes.length, (error: unknown) => {
        if (error instanceof Error) reject(error);
        // Named here, so that neither is collected before.
        else resolve(void [context, bytes]);
      });
    });
  }

  /** `sha256:HEX`; ends it. */
  digest(): string {
    const digest = Buffer.alloc(DIGEST_BYTES);
    functions().final(digest, this.#context);
    return `sha256:${digest.toString('hex')}`;
  }
}
