import { Flags } from '@oclif/core';

/** How `stop` and `restart` end a container. */
export const stopFlags = {
  signal: Flags.string({ char: 's', description: 'Signal to send to the container' }),
  time: Flags.integer({
    char: 't',
    description: 'Seconds to wait before killing the container',
    aliases: ['timeout'],
  }),
};
