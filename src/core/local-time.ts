/** A local time as Go prints one (time.Time.String): `2026-11-22 02:13:16 +0000 UTC`. */
export function goTime(date: Date): string {
  const zone = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName');
  const { day, time, offset } = partsOf(date);
  return `${day} ${time} ${offset.replace(':', '')} ${zone?.value ?? 'UTC'}`;
}

/** A local time as docker prints events' (RFC 3339 with nine digits of a second): `2026-11-22T02:13:16.120000000Z`. */
export function rfc3339Local(nanoseconds: number): string {
  // A number can't hold as many digits, and Date would cut what is off by one in the last of them.
  const date = new Date(Math.round(nanoseconds / 1e6));
  const { day, time, offset } = partsOf(date);
  const fraction = String(date.getMilliseconds()).padStart(3, '0');
  return `${day}T${time}.${fraction}000000${offset === '+00:00' ? 'Z' : offset}`;
}

function partsOf(date: Date): { day: string; time: string; offset: string } {
  const minutes = -date.getTimezoneOffset();
  const distance = Math.abs(minutes);
  return {
    day: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    time: [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':'),
    offset: `${minutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`,
  };
}

const two = (value: number): string => String(value).padStart(2, '0');
