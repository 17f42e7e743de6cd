/** One word for a POSIX shell, whatever is in it. */
export const shellWord = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** A path as a word that no command takes for an option. */
export const pathWord = (path: string): string => shellWord(path.startsWith('-') ? `./${path}` : path);
