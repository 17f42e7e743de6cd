const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Seconds since the epoch from a relative duration (`1h30m`), a date, or seconds; as the API wants it. */
export function timestamp(text: string | undefined): string | undefined {
  if (text === undefined || /^\d+(\.\d+)?$/.test(text)) return text;
  if (/^(\d+(\.\d+)?[smh])+$/.test(text)) {
    const seconds = [...text.matchAll(/(\d+(?:\.\d+)?)([smh])/g)]
      .map(([, amount, unit]) => Number(amount) * (UNITS[unit ?? 's'] ?? 1))
      .reduce((total, part) => total + part, 0);
    return String(Date.now() / 1000 - seconds);
  }
  const milliseconds = Date.parse(text);
  // What is no time is the engine's to refuse, by its own name.
  return Number.isNaN(milliseconds) ? text : String(milliseconds / 1000);
}
