/**
 * Reads one stanza of a control file (Debian Policy §5.1) into its fields, names in lower case;
 * continuation lines are joined with newlines. The first occurrence of a field counts.
 */
export function parseStanza(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  let current: string | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (current !== undefined) fields.set(current, `${fields.get(current) ?? ''}\n${line.slice(1)}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) {
      current = undefined;
      continue;
    }
    const name = line.slice(0, colon).toLowerCase();
    current = fields.has(name) ? undefined : name;
    if (current !== undefined) fields.set(current, line.slice(colon + 1).trim());
  }
  return fields;
}
