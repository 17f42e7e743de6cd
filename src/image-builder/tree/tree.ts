import { WherryError } from '../../core/errors.ts';
import { globToRegExp } from './glob.ts';
import { compareNames, directory, type DirectoryNode, type TreeNode } from './nodes.ts';

/** The kernel's own bound (path_resolution(7)). */
const MAX_SYMLINKS = 40;

/** Where a path leads once the symlinks of its folders are followed. */
interface Place {
  readonly folder: DirectoryNode;
  readonly name: string;
}

export function treeError(message: string): WherryError {
  return new WherryError({ code: 'IMAGE_TREE_INVALID', message });
}

function components(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

/**
 * A file system under construction. Paths are byte strings with or without `/` or `./` in front. Symlinks **in the
 * folders** of a path are followed, inside the tree and never out of it (a merged /usr: `lib/x` lands in `usr/lib/x`
 * when `lib` is a symlink to `usr/lib`); the last component never is.
 */
export class FsTree {
  readonly root: DirectoryNode = directory();

  /**
   * Puts a node at a path. Missing folders are made (0755, root). A directory over a directory changes its metadata
   * and keeps the children; a directory over a symlink that leads to one leaves both as they are (what dpkg does);
   * anything else replaces what was there. @throws IMAGE_TREE_INVALID for a non-directory over a filled directory.
   */
  add(path: string, node: TreeNode): void {
    if (components(path).length === 0 && node.type === 'directory') {
      this.#takeOver(this.root, node);
      return;
    }
    const { folder, name } = this.#place(path, true);
    const present = folder.children.get(name);
    if (node.type === 'directory' && present?.type === 'directory') {
      this.#takeOver(present, node);
      return;
    }
    if (node.type === 'directory' && present?.type === 'symlink' && this.#follow(path)?.type === 'directory')
      return;
    if (present?.type === 'directory' && present.children.size > 0)
      throw treeError(`Cannot put a ${node.type} at "${path}": a directory that isn't empty is there.`);
    folder.children.set(name, node);
  }

  /** Gives an existing file (or device, or symlink) another name. @throws IMAGE_TREE_INVALID when there is none. */
  link(path: string, existing: string): void {
    const node = this.lookup(existing);
    if (node === undefined || node.type === 'directory')
      throw treeError(
        `Cannot hard-link "${path}" to "${existing}": ${node ? 'it is a directory' : 'no such file'}.`,
      );
    const { folder, name } = this.#place(path, true);
    const present = folder.children.get(name);
    if (present?.type === 'directory')
      throw treeError(`Cannot hard-link "${path}" to "${existing}": a directory is there.`);
    folder.children.set(name, node);
  }

  /** The node at a path, its last component not followed; undefined when there is none. */
  lookup(path: string): TreeNode | undefined {
    if (components(path).length === 0) return this.root;
    const place = this.#find(path);
    return place?.folder.children.get(place.name);
  }

  /**
   * Removes everything whose path (without a leading slash) matches a glob pattern, directories with what is in them.
   * A pattern without wildcards is a path. @returns how many names went, not counting what was below them
   */
  remove(pattern: string): number {
    const matcher = globToRegExp(pattern.replace(/^\.?\/+/, '').replace(/\/+$/, ''));
    const sweep = (folder: DirectoryNode, prefix: string): number => {
      let removed = 0;
      for (const [name, node] of folder.children) {
        if (matcher.test(prefix + name)) {
          folder.children.delete(name);
          removed += 1;
        } else if (node.type === 'directory') removed += sweep(node, `${prefix}${name}/`);
      }
      return removed;
    };
    return sweep(this.root, '');
  }

  /** Every name with its node, folders before what is in them, siblings in byte order; the root is `''`. */
  *entries(): Generator<[path: string, node: TreeNode]> {
    yield ['', this.root];
    yield* walk(this.root, '');
  }

  #takeOver(present: DirectoryNode, given: DirectoryNode): void {
    const { mode, uid, gid, mtime, xattrs } = given;
    Object.assign(present, { mode, uid, gid, mtime, xattrs });
    for (const [name, child] of given.children) present.children.set(name, child);
  }

  #place(path: string, create: boolean): Place {
    const place = this.#find(path, create);
    if (place === undefined) throw treeError(`"${path}" goes through something that isn't a directory.`);
    return place;
  }

  #follow(path: string): TreeNode | undefined {
    const place = this.#find(`${path}/.self`);
    return place?.folder;
  }

  #find(path: string, create = false): Place | undefined {
    const pending = components(path);
    const stack: DirectoryNode[] = [this.root];
    let followed = 0;
    while (pending.length > 1) {
      const part = pending.shift() ?? '';
      const folder = stack.at(-1) ?? this.root;
      if (part === '..') {
        if (stack.length > 1) stack.pop();
        continue;
      }
      let next = folder.children.get(part);
      if (next === undefined && create) {
        next = directory();
        folder.children.set(part, next);
      }
      if (next?.type === 'symlink') {
        followed += 1;
        if (followed > MAX_SYMLINKS) throw treeError(`Too many levels of symbolic links in "${path}".`);
        if (next.target.startsWith('/')) stack.length = 1;
        pending.unshift(...components(next.target));
      } else if (next?.type === 'directory') stack.push(next);
      else return undefined;
    }
    const name = pending[0];
    if (name === undefined || name === '..') throw treeError(`"${path}" names no entry of a directory.`);
    return { folder: stack.at(-1) ?? this.root, name };
  }
}

/** Children in byte order: the order that every writer uses. */
function sortedChildren(folder: DirectoryNode): [name: string, node: TreeNode][] {
  return [...folder.children].sort(([a], [b]) => compareNames(a, b));
}

function* walk(folder: DirectoryNode, prefix: string): Generator<[string, TreeNode]> {
  for (const [name, node] of sortedChildren(folder)) {
    yield [prefix + name, node];
    if (node.type === 'directory') yield* walk(node, `${prefix}${name}/`);
  }
}

/** How many names each node has; for a directory 2 and one for each directory in it (st_nlink). */
export function linkCounts(root: DirectoryNode): Map<TreeNode, number> {
  const counts = new Map<TreeNode, number>();
  const visit = (folder: DirectoryNode): void => {
    let links = 2;
    for (const node of folder.children.values()) {
      if (node.type === 'directory') {
        links += 1;
        visit(node);
      } else counts.set(node, (counts.get(node) ?? 0) + 1);
    }
    counts.set(folder, links);
  };
  visit(root);
  return counts;
}
