import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { WherryError } from '../../core/errors.ts';
import { recipeSchema } from './schema.ts';
import type { Recipe } from './schema.ts';

/** A recipe with the files that lie beside it, and a digest over all of that. */
export interface LoadedRecipe {
  readonly recipe: Recipe;
  /** Paths below `initrd/` and `root/`, with forward slashes, in byte order. */
  readonly initrd: ReadonlyMap<string, Buffer>;
  readonly root: ReadonlyMap<string, Buffer>;
  /** sha256, lower-case hex: changes with every byte of the recipe, of its files and of the pinned npm packages. */
  readonly digest: string;
}

const RECIPES = new URL('../../../vm-images/', import.meta.url);

/** Reads `vm-images/<name>`, which ships with Wherry. @throws RECIPE_INVALID naming what is wrong in it */
export async function loadRecipe(name = 'machine', recipes: URL | string = RECIPES): Promise<LoadedRecipe> {
  const base = typeof recipes === 'string' ? recipes : fileURLToPath(recipes);
  const directory = join(base, name);
  const text = await readFile(join(directory, 'recipe.json'));
  const parsed = recipeSchema.safeParse(JSON.parse(text.toString('utf8')));
  if (!parsed.success) {
    throw new WherryError({
      code: 'RECIPE_INVALID',
      message: `${join(directory, 'recipe.json')}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`,
    });
  }
  const [initrd, root, npm] = await Promise.all([
    readFolder(join(directory, 'initrd')),
    readFolder(join(directory, 'root')),
    readFile(join(base, 'npm-packages.json')),
  ]);
  for (const path of parsed.data.executable) {
    if (!root.has(path)) {
      throw new WherryError({
        code: 'RECIPE_INVALID',
        message: `The recipe ${name} calls ${path} executable, but root/ has no such file.`,
      });
    }
  }
  const hash = createHash('sha256');
  for (const [path, bytes] of [
    ['recipe.json', text],
    ['npm-packages.json', npm],
    ...initrd,
    ['/', Buffer.alloc(0)],
    ...root,
  ] as const)
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  return { recipe: parsed.data, initrd, root, digest: hash.digest('hex') };
}

/**
 * All files below a folder, sorted by their bytes. A checkout with CRLF line ends (git on Windows) gives the same image.
 */
async function readFolder(directory: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  const files = await Promise.all(
    paths.map(async (path): Promise<[string, Buffer]> => {
      const bytes = await readFile(join(directory, path));
      return [
        path.split(sep).join('/'),
        Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'),
      ];
    }),
  );
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}
