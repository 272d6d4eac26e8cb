import { expect, test } from "vitest";
import {
  type SettlePorts,
  settleExpired,
} from "#shard-agent/cycles/housekeeping/settle-expired.ts";
import type { FeedPrice, RawSeries } from "#shard-agent/records/shard-snapshot.ts";
import { aScope, aSeries, aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const NOW_SECONDS = BigInt(aSnapshot().block.timestampMs / 1000);
const EXPIRED = aSeries({ expirySeconds: NOW_SECONDS - 10n });

/** A vault that lacks the cash: every settlement would revert. */
function portsOf(rounds: readonly FeedPrice[]): SettlePorts {
  const round = (roundId: bigint) => rounds.find((one) => one.roundId === roundId) ?? null;
  return {
    scope: aScope(),
    memory: { settlementPrices: new Map([[EXPIRED.seriesId, 1n]]) },
    journal: { withPrefix: () => [] },
    feeds: {
      latest: async () => rounds.at(-1),
      round: async (_feed: unknown, roundId: bigint) => round(roundId),
    },
    encoder: { encodeSettle: () => ({ to: "0x01", data: "0x", valueWei: 0n }) },
    lane: { run: (task: () => Promise<void>) => task() },
    sender: { prepare: async () => ({ reverts: true, detail: "InsufficientBalance" }) },
    log: memoryLog(),
  } as unknown as SettlePorts;
}

/** Updated so many seconds after the expiry. */
function aRound(roundId: bigint, afterSeconds: number, priceE8: bigint): FeedPrice {
  const expiryMs = Number(EXPIRED.expirySeconds) * 1000;
  return { roundId, priceE8, updatedAtMs: expiryMs + afterSeconds * 1000 };
}

const BEFORE = aRound(1n, -1, 199_866_624_761n);
const AFTER = aRound(2n, 1, 199_310_833_357n);

async function pricesAfter(rounds: readonly FeedPrice[], series: readonly RawSeries[]) {
  const ports = portsOf(rounds);
  await settleExpired(ports, aSnapshot({ series }));
  return ports.memory.settlementPrices;
}

test("the price of a series that cannot be settled yet is kept for the reports", async () => {
  const prices = await pricesAfter([BEFORE, AFTER], [EXPIRED]);
  expect(prices).toEqual(new Map([[EXPIRED.seriesId, BEFORE.priceE8]]));
});

test("a price that no later round proves is not kept, nor one of a series that is settled", async () => {
  expect(await pricesAfter([BEFORE], [EXPIRED])).toEqual(new Map());
  expect(await pricesAfter([BEFORE, AFTER], [])).toEqual(new Map());
});
