export interface TableStyle {
  readonly minimumWidth: number;
  readonly padding: number;
}

/** docker's tables: cells at least 10 wide, 3 spaces between (docker CLI, formatter package). */
export const DOCKER_TABLE: TableStyle = { minimumWidth: 10, padding: 3 };
/** docker-machine's tables. */
export const MACHINE_TABLE: TableStyle = { minimumWidth: 5, padding: 3 };

/** Aligns tab-separated lines into columns the way Go's text/tabwriter does; the last cell of a line is never padded. */
export function alignColumns(lines: readonly string[], style: TableStyle): string[] {
  const rows = lines.map((line) => line.split('\t'));
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, [...cell].length + style.padding, style.minimumWidth);
    });
  }
  return rows.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join(''),
  );
}
