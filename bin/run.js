#!/usr/bin/env node
// No import may stand above the version check: an old Node must still be able to say what it needs.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    'Error: Wherry needs Node.js 22.18 or newer; this is ' +
      process.version +
      ' (' +
      process.execPath +
      ')\n' +
      '  Get it from:  https://nodejs.org/en/download  (or: nvm install 26)\n' +
      '  In a clone of Wherry, `npm start` and `npm test` bring their own Node.\n',
  );
  process.exitCode = 1;
} else {
  const { main } = await import('../dist/cli/main.js').catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.message).includes('main.js')) throw error;
    process.stderr.write('Error: Wherry is not built in this clone\n  Build it with:  npm run build\n');
    process.exit(1);
  });
  await main(process.argv.slice(2), new URL('..', import.meta.url));
}
