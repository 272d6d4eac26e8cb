import type { LostRaces } from "#shard-agent/records/lost-races.ts";

/** For how long a lost race counts. */
export const RACE_WINDOW_MS = 24 * 3600 * 1000;

/**
 * Whether one more race may be begun. `spent`: what was lost within the window has reached the budget.
 * `reserved`: it would, were every race under way lost at its job's gas cap; so whatever happens, the
 * budget is exceeded by no more than the one race that was begun last.
 */
export function judgeRace(o: {
  readonly lost: LostRaces;
  /** Sum of the gas caps of all jobs that are begun and in no block. */
  readonly underWayWei: bigint;
  readonly maxWei: bigint;
}): "open" | "reserved" | "spent" {
  if (o.lost.gasCostWei >= o.maxWei) return "spent";
  return o.lost.gasCostWei + o.underWayWei >= o.maxWei ? "reserved" : "open";
}
