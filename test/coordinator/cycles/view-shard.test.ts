import { expect, test } from "vitest";
import { newCoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { shardView } from "#coordinator/cycles/view-shard.ts";
import {
  anEntry,
  aPolicy,
  aShardSetup,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpLine } from "#test/support/coordinator/perp-line.ts";

test("a shard's perpetuals are shown with their margin ratio and the one at which they may be liquidated", () => {
  const setup = aShardSetup("base");
  const setups = new Map([["base", setup]]);
  const state = newCoordinatorState({ setups, policy: aPolicy(), leader: LEADER, shadow: false });
  expect(shardView(state, setup, NOW_MS).perps).toEqual([]);
  const line = aPerpLine({ sizeE18: "-1250000000000000000", marginRatio: 0.3 });
  state.books.set("base", anEntry({ shard: "base", change: { perps: [line] } }));
  const { venue, market, underlying, markUsd, accountValueUsd, fundingFractionPerDay } = line;
  expect(shardView(state, setup, NOW_MS).perps).toEqual([
    {
      ...{ venue, market, underlying, markUsd, accountValueUsd, fundingFractionPerDay },
      sizeUnits: -1.25,
      marginRatio: 0.3,
      maintenanceMarginFraction: 0.0625,
      acceptsTrades: true,
      isIndexTimedOut: false,
    },
  ]);
});
