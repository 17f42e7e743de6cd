import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutants.ts';

/**
 * The file's text with the mutant in it.
 * @throws Error if the text to be replaced isn't there exactly once: the mutant would test nothing
 */
export function mutated(text: string, mutant: Mutant): string {
  const parts = text.split(mutant.find);
  if (parts.length !== 2) {
    throw new Error(`${mutant.file} has ${JSON.stringify(mutant.find)} ${parts.length - 1} times, not once`);
  }
  return parts.join(mutant.replace);
}

/** Plants a mutant in the tree at `root`. @returns the function that takes it out again */
export function plant(root: string, mutant: Mutant): () => void {
  const path = join(root, mutant.file);
  const original = readFileSync(path, 'utf8');
  writeFileSync(path, mutated(original, mutant));
  return () => writeFileSync(path, original);
}
