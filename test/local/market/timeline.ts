import { DAY_MS } from "#shared/units/time.ts";

/** When what happens in a run, Unix milliseconds. */
export type Timeline = {
  readonly startsAtMs: number;
  readonly crashAtMs: number;
  /** Whole second. */
  readonly expiryAtMs: number;
  /** Null in a run without an end. */
  readonly stopsAtMs: number | null;
  /** End of the run; null without one. */
  readonly endsAtMs: number | null;
  /** Ascending; the first expires during the run. */
  readonly expiriesMs: readonly number[];
};

/** Crash and expiry of a run without an end come as in a run of this length. */
const EPISODE_MINUTES = 5;
const CRASH_SHARE = 0.4;
const EXPIRY_SHARE = 0.6;
const QUIET_MS = 20_000;
const LATER_EXPIRIES_DAYS = [7, 30, 90] as const;

/** @param minutes Length of the run; null until it is stopped. */
export function timelineOf(startsAtMs: number, minutes: number | null): Timeline {
  const lengthMs = (minutes ?? EPISODE_MINUTES) * 60_000;
  const expiryAtMs = wholeSecond(startsAtMs + EXPIRY_SHARE * lengthMs);
  const endsAtMs = minutes === null ? null : startsAtMs + lengthMs;
  return {
    startsAtMs,
    crashAtMs: startsAtMs + Math.round(CRASH_SHARE * lengthMs),
    expiryAtMs,
    stopsAtMs: endsAtMs === null ? null : endsAtMs - QUIET_MS,
    endsAtMs,
    expiriesMs: [
      expiryAtMs,
      ...LATER_EXPIRIES_DAYS.map((days) => wholeSecond(startsAtMs + days * DAY_MS)),
    ],
  };
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
