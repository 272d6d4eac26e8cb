/** Milliseconds in one day. */
export const DAY_MS = 86_400_000;
/** Milliseconds in a year of the ACT/365F day count (actual days over a fixed 365). */
export const YEAR_MS = 365 * DAY_MS;

/** Years between two instants by ACT/365F; negative when `untilMs` is the earlier one. */
export function yearsBetween(fromMs: number, untilMs: number): number {
  return (untilMs - fromMs) / YEAR_MS;
}
