// Points and spans of time as people write them, without a clock: RFC 3339 both ways, "15m", "1h30m", "250ms".

const msByUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** "15m", "1h30m", "2d", "250ms" -> milliseconds; anything else, or more than ten years -> undefined. */
export function parseDurationMs(text: string): number | undefined {
  if (!/^(\d{1,12}(ms|[smhdw])){1,6}$/.test(text)) return undefined;
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    total += Number(digits) * msByUnit[unit as keyof typeof msByUnit];
  }
  return total > 3660 * msByUnit.d ? undefined : total;
}

const pattern = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|z|[+-]\d\d:\d\d)?)?$/;

/** RFC 3339, also without seconds, zone (then UTC) or time of day -> milliseconds since the epoch; anything else -> undefined. */
export function parseInstantMs(text: string): number | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const part = (index: number) => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const fraction = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000);
  const zone = zoneMinutes(match[8] ?? "Z");
  if (zone === undefined) return undefined;
  const minutes = (daysFromEpoch(year, month, day) * 24 + hour) * 60 + minute - zone;
  return minutes * 60_000 + second * 1000 + fraction;
}

function zoneMinutes(text: string): number | undefined {
  if (text === "Z" || text === "z") return 0;
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(4, 6))];
  if (hours > 23 || minutes > 59) return undefined;
  return (text.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days between 1970-01-01 and a date of the proleptic Gregorian calendar; years counted from March so that leap days come last. */
function daysFromEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Milliseconds since the epoch -> "2026-11-23T07:00:00.000Z", for years 0 to 9999. */
export function formatInstant(epochMs: number): string {
  const days = Math.floor(epochMs / msByUnit.d);
  const { year, month, day } = dateOf(days);
  const rest = epochMs - days * msByUnit.d;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const clock = `${two(rest / 3_600_000)}:${two((rest / 60_000) % 60)}:${two((rest / 1000) % 60)}`;
  const ms = String(Math.floor(rest % 1000)).padStart(3, "0");
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${clock}.${ms}Z`;
}

/** The inverse of daysFromEpoch. */
function dateOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}
