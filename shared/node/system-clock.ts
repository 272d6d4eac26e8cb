import type { Clock } from "#shared/ports/clock.ts";

/** The machine's wall clock, in Unix milliseconds. It may jump; nothing safety-critical rests on it alone. */
export const systemClock: Clock = { nowMs: () => Date.now() };
