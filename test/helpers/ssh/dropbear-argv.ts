/** How to run trixie's `dropbear` or `dropbearkey` here. */
export async function dropbearArgv(tool: 'dropbear' | 'dropbearkey'): Promise<string[]> {
  const root = process.env['WHERRY_TEST_TRIXIE'];
  if (root === undefined) throw new Error('WHERRY_TEST_TRIXIE is not set');
  const libraries = `${root}/usr/lib/x86_64-linux-gnu`;
  const path = tool === 'dropbear' ? `${root}/usr/sbin/dropbear` : `${root}/usr/bin/${tool}`;
  return [`${libraries}/ld-linux-x86-64.so.2`, '--library-path', libraries, path];
}
