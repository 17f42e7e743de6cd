/**
 * One network action in the namespace that this process is started in; a line of result on stdout.
 *
 * - `serve PORT`: answers each connection with the client's address, until killed
 * - `tcp HOST PORT [FROM]`: what the server said, or the error's code; FROM is the client's own port, 0 any
 * - `resolve SERVER NAME`, `resolve6 SERVER NAME`, `reverse SERVER ADDRESS`: addresses or names, or the error's code
 */
import { Resolver } from 'node:dns/promises';
import { connect, createServer } from 'node:net';
import { systemErrorCode } from '../../../../src/core/errors.ts';

const [action, first = '', second = '', third = '0'] = process.argv.slice(2);
const say = (text: string): void => console.log(text);
const resolver = (server: string): Resolver => {
  const made = new Resolver({ timeout: 1000, tries: 1 });
  made.setServers([server]);
  return made;
};

try {
  if (action === 'serve') {
    const server = createServer((socket) =>
      socket.end(`from ${(socket.remoteAddress ?? '?').replace('::ffff:', '')}`),
    );
    server.listen(Number(first), '::', () => say('serving'));
  } else if (action === 'tcp') {
    const [port, localPort] = [Number(second), Number(third)];
    const socket = connect({ host: first, port, localPort, timeout: 1000 });
    socket.on('timeout', () => socket.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    say(text);
  } else if (action === 'resolve') {
    say((await resolver(first).resolve4(second)).join(' '));
  } else if (action === 'resolve6') {
    say((await resolver(first).resolve6(second)).join(' '));
  } else if (action === 'reverse') {
    say((await resolver(first).reverse(second)).join(' '));
  }
} catch (error) {
  say(systemErrorCode(error) ?? String(error));
}
