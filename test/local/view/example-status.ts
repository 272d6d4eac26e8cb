import { exampleRisk } from "#test/local/check/example-world.ts";
import type { DecisionAnswer, ShardAnswer } from "#test/local/observe/admin-api.ts";
import type { Status } from "#test/local/view/status-table.ts";

/** 12:00:00 UTC. */
export const NOON_MS = 43_200_000;

/** A decision to buy 0.75 ETH. */
export function exampleDecision(o: Partial<DecisionAnswer> = {}): DecisionAnswer {
  return {
    planId: "0x01",
    atMs: NOON_MS - 1000,
    trigger: "report",
    underlyings: [
      {
        underlying: "ETH",
        netDeltaUnits: -1,
        halfWidthUnits: 0.5,
        tier: "external-hedge",
        action: "hedge",
        reason: "outside the band",
        tradeUnits: 0.75,
      },
    ],
    transfers: [],
    treasury: [],
    blocked: [],
    ...o,
  };
}

/** A shard with a report that is 1.2 s old. */
export function exampleShard(o: Partial<ShardAnswer> = {}): ShardAnswer {
  return {
    id: "ethereum",
    mode: "run",
    reasons: [],
    lastReport: { blockNumber: 42, ageMs: 1200 },
    greeks: { ETH: { deltaUnits: 1.5, gammaUnitsPerUsd: -0.00321, vegaUsdPerVolPoint: -12.4 } },
    collateralUsd: 100_000,
    solvencyRatio: 1.834,
    ...o,
  };
}

/** A calm system two minutes before its end. */
export function exampleStatus(o: Partial<Status> = {}): Status {
  return {
    atMs: NOON_MS,
    endsAtMs: NOON_MS + 120_000,
    risk: exampleRisk(),
    shards: [
      exampleShard(),
      exampleShard({ id: "base", mode: "stale", reasons: ["no report"], lastReport: null }),
    ],
    decisions: [exampleDecision()],
    failure: null,
    ...o,
  };
}
