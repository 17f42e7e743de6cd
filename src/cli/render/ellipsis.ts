/** A text that is cut to so many characters, as docker's tables cut it. */
export function ellipsis(text: string, width: number): string {
  const characters = [...text];
  return characters.length > width ? `${characters.slice(0, width - 1).join('')}…` : text;
}
