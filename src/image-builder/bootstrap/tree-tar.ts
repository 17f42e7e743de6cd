import { createReadStream } from 'node:fs';
import { END_MARK, memberBytes, paddingAfter } from '../../core/tar/writer.ts';
import type { TarMemberHeader } from '../../core/tar/member.ts';
import type { TreeNode } from '../tree/nodes.ts';
import type { FsTree } from '../tree/tree.ts';

/**
 * A tree as a layer (OCI image-spec v1.1, layer.md): every name in the order of its bytes, folders before what is in
 * them, the root first; a file's further names are hard links to its first. The same tree gives the same bytes.
 */
export async function* treeTar(tree: FsTree): AsyncGenerator<Buffer> {
  const firstNames = new Map<TreeNode, string>();
  for (const [path, node] of tree.entries()) {
    const name = path === '' ? './' : path;
    const first = firstNames.get(node);
    if (first !== undefined) {
      yield memberBytes({
        ...header(node, name),
        type: 'hardlink',
        linkName: first,
        size: 0,
        xattrs: new Map(),
      });
      continue;
    }
    if (node.type !== 'directory') firstNames.set(node, name);
    const member = header(node, name);
    yield memberBytes(member);
    if (node.type !== 'file') continue;
    const { content } = node;
    if (Buffer.isBuffer(content)) yield content;
    else if (content.length > 0) {
      const { path: file, offset, length } = content;
      yield* createReadStream(file, {
        start: offset,
        end: offset + length - 1,
        highWaterMark: 1 << 18,
      }) as AsyncIterable<Buffer>;
    }
    yield paddingAfter(content.length);
  }
  yield Buffer.from(END_MARK);
}

function header(node: TreeNode, name: string): TarMemberHeader {
  const isDevice = node.type === 'char' || node.type === 'block';
  return {
    type: node.type,
    name,
    linkName: node.type === 'symlink' ? node.target : '',
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    size: node.type === 'file' ? node.content.length : 0,
    mtime: node.mtime,
    devMajor: isDevice ? node.major : 0,
    devMinor: isDevice ? node.minor : 0,
    xattrs: node.xattrs,
  };
}
