// Line coverage of a bundle's sources out of V8's coverage of the bundle. c8's own mapping takes each range's two ends
// to the sources, which in a minified bundle of many files finds nothing and reports everything as covered.
import { dirname, resolve } from 'node:path';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The numbers of one segment (Source Map Format, ECMA-426: Base64 VLQ). */
function decode(segment) {
  const numbers = [];
  let value = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = DIGITS.indexOf(character);
    value += (digit & 31) * 2 ** shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    numbers.push(value % 2 === 1 ? -Math.floor(value / 2) : value / 2);
    value = 0;
    shift = 0;
  }
  return numbers;
}

/** Every mapping of a source map: generated offset, source's index, line (from 1). */
function* mappingsOf(map, lineStarts) {
  let source = 0;
  let line = 0;
  for (const [generatedLine, segments] of map.mappings.split(';').entries()) {
    let column = 0;
    for (const segment of segments.split(',')) {
      const [columns, sources, lines] = decode(segment);
      if (columns === undefined) continue;
      column += columns;
      if (sources === undefined) continue;
      source += sources;
      line += lines;
      yield { offset: lineStarts[generatedLine] + column, source, line: line + 1 };
    }
  }
}

/** Marks the characters of the bundle that the process ran: inner ranges overrule outer ones. */
function paint(script, ran) {
  const counts = new Uint8Array(ran.length);
  const ranges = script.functions
    .flatMap((one) => one.ranges)
    .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  for (const { startOffset, endOffset, count } of ranges)
    counts.fill(Math.min(count, 1), startOffset, endOffset);
  for (let at = 0; at < counts.length; at += 1) ran[at] |= counts[at];
}

/**
 * @param scripts V8's coverage of the bundle, one object a process (`result[]` of NODE_V8_COVERAGE); any iterable
 * @param bundle where the bundle's file would stand: the map's sources are relative to it
 * @returns for each source its lines that hold code, and whether any process ran them
 */
export function bundleLines({ code, map, scripts, bundle }) {
  const lineStarts = [0];
  for (let at = code.indexOf('\n'); at !== -1; at = code.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  const ran = new Uint8Array(code.length);
  for (const script of scripts) paint(script, ran);
  const files = new Map();
  for (const { offset, source, line } of mappingsOf(map, lineStarts)) {
    const path = resolve(dirname(bundle), map.sources[source]);
    const lines = files.get(path) ?? new Map();
    lines.set(line, ran[offset] > 0 || lines.get(line) === true);
    files.set(path, lines);
  }
  return files;
}
