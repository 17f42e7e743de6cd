import { readinessLine, type ReadinessLine } from '../../protocol/boot/readiness.ts';

/** A line of the guest's, or undefined for anything else on the port: a newer guest may say more. */
export function parseReadinessLine(text: string): ReadinessLine | undefined {
  try {
    const parsed = readinessLine.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
