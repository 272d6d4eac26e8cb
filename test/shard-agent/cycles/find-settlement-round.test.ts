import fc from "fast-check";
import { expect, test } from "vitest";
import { findSettlementRound } from "#shard-agent/cycles/find-settlement-round.ts";
import type { FeedReader } from "#shard-agent/ports/chain.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const FEED = address20("fe");

/** A feed whose round `first + i` was updated at `timesSeconds[i]`. */
function feedOf(
  first: bigint,
  timesSeconds: readonly number[],
): FeedReader & { readonly reads: () => number } {
  let reads = 0;
  const round = (roundId: bigint) => {
    const updatedSeconds = timesSeconds[Number(roundId - first)];
    return updatedSeconds === undefined
      ? null
      : { priceE8: 1n, roundId, updatedAtMs: updatedSeconds * 1000 };
  };
  return {
    latest: async () =>
      round(first + BigInt(timesSeconds.length - 1)) ?? Promise.reject(new Error("empty")),
    round: async (_feed, roundId) => {
      reads += 1;
      return roundId < first ? null : round(roundId);
    },
    reads: () => reads,
  };
}

test("finds the round that the book would accept, or none, for any feed and expiry", async () => {
  const feeds = fc.record({
    first: fc.bigInt({ min: 1n, max: 2n ** 70n }),
    steps: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 200 }),
    expiry: fc.integer({ min: 0, max: 600 }),
  });
  await fc.assert(
    fc.asyncProperty(feeds, async ({ first, steps, expiry }) => {
      let now = 100;
      const times = steps.map((step) => {
        now += step;
        return now;
      });
      const last = times.findLastIndex((time) => time <= expiry);
      const expected = last < 0 || last === times.length - 1 ? null : first + BigInt(last);
      expect(await findSettlementRound(feedOf(first, times), FEED, BigInt(expiry))).toBe(expected);
    }),
  );
});

test("an expiry a hundred thousand rounds ago takes few reads", async () => {
  const feed = feedOf(
    1n,
    Array.from({ length: 200_000 }, (_, index) => index),
  );
  expect(await findSettlementRound(feed, FEED, 100_000n)).toBe(100_001n);
  expect(feed.reads()).toBeLessThan(45);
});
