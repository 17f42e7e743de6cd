/** ssh(1)'s options that take a value. */
const WITH_VALUE = new Set([...'BbcDEeFIiJLlmOoPpQRSWw'].map((letter) => `-${letter}`));

/** `machine ssh NAME [ssh options] [--] [command]`: what stands before the first word that is no option is ssh's. */
export function splitSshWords(words: readonly string[]): { options: string[]; command: string[] } {
  const options: string[] = [];
  let position = 0;
  while (position < words.length) {
    const word = words[position] ?? '';
    if (word === '--') {
      position += 1;
      break;
    }
    if (!word.startsWith('-')) break;
    options.push(word);
    position += 1;
    const value = words[position];
    if (WITH_VALUE.has(word) && value !== undefined) {
      options.push(value);
      position += 1;
    }
  }
  return { options, command: words.slice(position) };
}
