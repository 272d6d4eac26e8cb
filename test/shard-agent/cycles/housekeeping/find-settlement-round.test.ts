import fc from "fast-check";
import { expect, test } from "vitest";
import { findSettlementRound } from "#shard-agent/cycles/housekeeping/find-settlement-round.ts";
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
    first: fc
      .tuple(fc.bigInt({ min: 0n, max: 63n }), fc.bigInt({ min: 1n, max: 2n ** 63n }))
      .map(([phase, round]) => (phase << 64n) + round),
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
      const found = await findSettlementRound(feedOf(first, times), FEED, BigInt(expiry));
      expect(found?.roundId ?? null).toBe(expected);
    }),
  );
});

test("an expiry a hundred thousand rounds ago takes few reads", async () => {
  const feed = feedOf(
    1n,
    Array.from({ length: 200_000 }, (_, index) => index),
  );
  expect((await findSettlementRound(feed, FEED, 100_000n))?.roundId).toBe(100_001n);
  expect(feed.reads()).toBeLessThan(45);
});

/** A proxy whose phase `i` has rounds at `phases[i]` seconds, from round 1. */
function proxyOf(phases: readonly (readonly number[])[]): FeedReader {
  const round = (roundId: bigint) => {
    const updatedSeconds = phases[Number(roundId >> 64n)]?.[Number(roundId & (2n ** 64n - 1n)) - 1];
    return updatedSeconds === undefined
      ? null
      : { priceE8: 1n, roundId, updatedAtMs: updatedSeconds * 1000 };
  };
  const newest = phases.length - 1;
  const latest = (BigInt(newest) << 64n) + BigInt(phases[newest]?.length ?? 0);
  return {
    latest: async () => round(latest) ?? Promise.reject(new Error("empty")),
    round: async (_feed, roundId) => round(roundId),
  };
}

/** Whether the book takes a round (contracts/src/OptionBook.sol, _provenPrice). */
async function isTaken(feed: FeedReader, roundId: bigint, expirySeconds: number): Promise<boolean> {
  const at = async (id: bigint) => (await feed.round(FEED, id))?.updatedAtMs ?? 0;
  const own = await at(roundId);
  const nextPhase = await at((((roundId >> 64n) + 1n) << 64n) | 1n);
  const successor = await at(roundId + 1n);
  const useNext = nextPhase !== 0 && (successor === 0 || nextPhase <= expirySeconds * 1000);
  const next = useNext ? nextPhase : successor;
  return own !== 0 && own <= expirySeconds * 1000 && next > expirySeconds * 1000;
}

test("over the phases of a proxy it is the one round that the book takes, or none", async () => {
  const phase = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 });
  const proxies = fc.record({
    steps: fc.array(phase, { minLength: 1, maxLength: 4 }),
    gaps: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 4, maxLength: 4 }),
    expiry: fc.integer({ min: 90, max: 700 }),
  });
  await fc.assert(
    fc.asyncProperty(proxies, async ({ steps, gaps, expiry }) => {
      let begun = 100;
      const phases = steps.map((one, index) => {
        let now = begun;
        const times = one.map((step) => (now += step));
        // The next one begins after this one did; this one may go on beside it.
        begun = (times[0] ?? begun) + (gaps[index] ?? 0);
        return times;
      });
      const feed = proxyOf(phases);
      const ids = phases.flatMap((times, at) =>
        times.map((_, index) => (BigInt(at) << 64n) + BigInt(index + 1)),
      );
      const taken: bigint[] = [];
      for (const id of ids) if (await isTaken(feed, id, expiry)) taken.push(id);
      const found = await findSettlementRound(feed, FEED, BigInt(expiry));
      expect(taken.length).toBeLessThanOrEqual(1);
      const isDue = ((await feed.latest(FEED))?.updatedAtMs ?? 0) > expiry * 1000;
      if (isDue) expect(found?.roundId ?? null).toBe(taken[0] ?? null);
      else expect(found).toBeNull();
    }),
  );
});
