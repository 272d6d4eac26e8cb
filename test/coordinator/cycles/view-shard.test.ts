import { expect, test } from "vitest";
import { shardView } from "#coordinator/cycles/view-shard.ts";
import { anEntry, aShardSetup, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { freshState, ONE_SETUP } from "#test/support/coordinator/fresh-coordinator.ts";
import { aPerpLine } from "#test/support/coordinator/perp-line.ts";

test("a shard's perpetuals are shown with their margin ratio and the one at which they may be liquidated", () => {
  const setup = aShardSetup("base");
  const state = freshState(ONE_SETUP);
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
