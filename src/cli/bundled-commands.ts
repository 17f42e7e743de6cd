import type { Command } from '@oclif/core';

/**
 * In a build the commands by their ids, each loaded when it is asked for: tools/build-host.js puts them here. Sources
 * have none: there oclif looks for the files.
 */
export const bundledCommands: Readonly<Record<string, () => Promise<{ default: Command.Class }>>> = {};
