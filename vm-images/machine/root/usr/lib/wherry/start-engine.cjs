// Loads the engine's bundle with the code that V8 made of it when Wherry was built: compiling it takes a third of a
// second under emulation. Code of another build of Node or under other flags is refused by V8, which then compiles.
'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const bundle = '/usr/lib/wherry/engine.cjs';
// Code made without counters can't be measured line by line.
const usesCode = existsSync(`${bundle}.code`) && process.env.NODE_V8_COVERAGE === undefined;
const script = new Script(readFileSync(bundle, 'latin1'), {
  filename: `file://${bundle}`,
  ...(usesCode ? { cachedData: readFileSync(`${bundle}.code`) } : {}),
});
if (script.cachedDataRejected) process.stderr.write('wherry: engine: its compiled code does not fit this Node\n');

// The only module that the bundle asks for. Its native part alone: finding it by way of its package's JavaScript takes
// five times as long, and the rest of that is for other platforms and older callers.
const koffi = { exports: undefined };
function loadKoffi() {
  if (koffi.exports === undefined) {
    koffi.exports = {};
    const platform = `${process.platform}_${process.arch}`;
    const folder = `/usr/lib/wherry/node_modules/@koromix/koffi-${platform.replace('_', '-')}`;
    process.dlopen(koffi, `${folder}/${platform}/koffi.node`);
  }
  return koffi.exports;
}

const engine = { exports: {} };
script.runInThisContext()((name) => (name === 'koffi' ? loadKoffi() : require(name)), engine);
engine.exports.main();
