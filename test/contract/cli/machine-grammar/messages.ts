/** What several verbs say, in docker-machine's words (docker/machine 0.16.2). */

export const unknown = (name: string): string =>
  `Docker machine "${name}" does not exist. Use "wherry machine ls" to list machines. Use "wherry machine create" to add a new one.\n`;

export const notRunning = (name: string): RegExp =>
  new RegExp(
    String.raw`^Host is not running: machine "${name}" is stopped\n  Start it with:  wherry machine start ${name}\n$`,
  );

export const NO_DEFAULT = /^Error: No machine name\(s\) specified and no "default" machine exists\n/;

export const extra = (...words: string[]): string =>
  `Invalid command line. Found extra arguments [${words.join(' ')}]\n`;

/** A step's line on a stream that isn't a terminal: `✔ Start   kernel … (0.0 s)`. */
export const step = (title: string): string => String.raw`✔ ${title} .*\(\d+\.\d s\)\n`;
