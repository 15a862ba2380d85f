const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `90s`, `15m`, `8h`, `30d`, `2w`; null for any other text, and beyond ten years. */
export function parseDuration(text: string): number | null {
  const [, digits = "", unit = ""] = /^([1-9][0-9]{0,8})([smhdw])$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNITS[unit] ?? 0);
  return seconds > 0 && seconds <= 3653 * 86_400 ? seconds : null;
}

/** A time span for people, in its largest whole unit that says enough: `12 h`, `90 s`. Never below zero. */
export function inWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${String(seconds)} s`;
  if (seconds < 7200) return `${String(Math.round(seconds / 60))} min`;
  if (seconds < 172_800) return `${String(Math.round(seconds / 3600))} h`;
  return `${String(Math.round(seconds / 86_400))} days`;
}

/** A time for people: `2026-11-22 02:18:05`, UTC; text that is no time stays itself. */
export function clockTime(iso: string): string {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? iso : new Date(time).toISOString().slice(0, 19).replace("T", " ");
}
