#!/usr/bin/env node
// Runs the CLI from its TypeScript sources (Node strips the types): no build, except of the engine's bundle.
import { main } from '../src/cli/main.ts';

await main(process.argv.slice(2), new URL('..', import.meta.url));
