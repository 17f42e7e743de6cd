import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The agent's main file beside this one: `.ts` when Wherry runs from its sources, `.js` when it runs from dist. */
export function agentEntry(here: string = import.meta.url): string {
  const path = fileURLToPath(here);
  return fileURLToPath(new URL(`../main${extname(path)}`, here));
}
