import type { Duplex } from 'node:stream';

/**
 * Joins two byte streams until both are done. The end of one half is passed on alone: `docker attach` and `run -i`
 * close their stdin and go on reading. Whoever reads slowly slows the other side down. Resolves when both are closed.
 */
export function relay(a: Duplex, b: Duplex): Promise<void> {
  a.pipe(b);
  b.pipe(a);
  return Promise.all([closeWith(a, b), closeWith(b, a)]).then(() => undefined);
}

/** When `from` is gone, lets `to` write out what it has been given, then closes it. */
function closeWith(from: Duplex, to: Duplex): Promise<void> {
  // The reason is passed on by the close that follows; without a listener it would end the process.
  from.on('error', () => from.destroy());
  return new Promise((resolve) => {
    from.once('close', () => {
      resolve();
      if (to.destroyed) return;
      if (from.readableEnded || to.writableEnded) to.end(() => to.destroy());
      else to.destroy();
    });
  });
}
