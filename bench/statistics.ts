/** The middle of the values; of an even number, the lower of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new RangeError('No values to take the median of.');
  return middle;
}

export interface Figure {
  readonly name: string;
  readonly median: number;
  readonly unit: 'ms' | 'KiB' | 'MiB' | 'MB/s';
  readonly runs: readonly number[];
  /** `1.9 × node -e 0`, from the same run. */
  readonly ratio?: string | undefined;
}

export function figure(
  name: string,
  unit: Figure['unit'],
  runs: readonly number[],
  against?: Figure,
): Figure {
  const middle = median(runs);
  const ratio = against && `${(middle / against.median).toFixed(2)} × ${against.name}`;
  return { name, median: middle, unit, runs, ratio };
}

export function renderFigures(figures: readonly Figure[]): string[] {
  const width = Math.max(...figures.map(({ name }) => name.length));
  return figures.map(
    ({ name, median: middle, unit, runs, ratio }) =>
      `${name.padEnd(width)}  ${middle.toFixed(unit === 'ms' ? 0 : 1).padStart(8)} ${unit.padEnd(4)}  ` +
      `(${runs.length} runs, ${Math.min(...runs).toFixed(0)}–${Math.max(...runs).toFixed(0)})${ratio ? `  ${ratio}` : ''}`,
  );
}
