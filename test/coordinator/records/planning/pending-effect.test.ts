import { expect, test } from "vitest";
import { JOB_KINDS, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import {
  isExpected,
  pendingEffects,
  pendingHomeUsd,
  pendingSellRaw,
} from "#coordinator/records/planning/pending-effect.ts";
import { aJobRecord, aJobUntil, aShardSetup } from "#test/support/coordinator/coordinator-pass.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const SETUPS = new Map([["base", aShardSetup("base")]]);

function consumed(change: Partial<JobRecord>, amounts: readonly [string, string]): JobRecord {
  const [amountInRaw, amountOutRaw] = amounts;
  const consumption = {
    blockNumber: 110,
    blockTimestampMs: null,
    amountInRaw,
    amountOutRaw,
    isFinal: true,
  };
  return aJobRecord({ state: "included", consumption, ...change });
}

test.each(JOB_KINDS)(
  "a %s in flight is pending at its shard, and only a transfer at a target",
  (kind) => {
    const [effect] = pendingEffects([aJobRecord({ kind })], SETUPS);
    expect(effect).toMatchObject({ kind, isPendingAtShard: true, isCertain: false });
    expect(effect?.isPendingAtTarget).toBe(kind === "transfer");
  },
);

test("a swap that the chain has shown counts with what it came to", () => {
  const bought = consumed({ expectedDeltaUnits: 5 }, ["9000000000", "4500000000000000000"]);
  const sold = consumed({ expectedDeltaUnits: -5 }, ["3000000000000000000", "6000000000"]);
  expect(pendingEffects([bought, sold], SETUPS)).toMatchObject([
    { deltaUnits: 4.5, outRaw: 9_000_000_000n, isCertain: true },
    { deltaUnits: -3, outRaw: 3_000_000_000_000_000_000n, isCertain: true },
  ]);
});

test("without amounts, or before the chain has shown it, what was expected counts", () => {
  const unknown = consumed({}, ["0", "0"]);
  expect(pendingEffects([unknown, aJobRecord()], SETUPS)).toMatchObject([
    { deltaUnits: 5, isCertain: true },
    { deltaUnits: 5, isCertain: false },
  ]);
});

test("only a swap that sells takes the hedge asset: a short perpetual does not", () => {
  const jobs = (["swap", "perp-change"] as const).map((kind) => {
    return aJobRecord({ kind, expectedDeltaUnits: -5, amountOutOfShardRaw: "7" });
  });
  expect(pendingSellRaw(pendingEffects(jobs, SETUPS), "base", "ETH")).toBe(7n);
});

const SEEN = {
  blockNumber: 110,
  blockTimestampMs: null,
  amountInRaw: "0",
  amountOutRaw: "0",
  isFinal: false,
};

test.each([
  { what: "before its deadline", bookMs: 99_000, change: {}, isLapsed: false },
  { what: "in the second of its deadline", bookMs: 100_000, change: {}, isLapsed: false },
  { what: "after its deadline", bookMs: 101_000, change: {}, isLapsed: true },
  {
    what: "with a consumption seen",
    bookMs: 101_000,
    change: { consumption: SEEN },
    isLapsed: false,
  },
  {
    what: "whose mandate is not known",
    bookMs: 101_000,
    change: { mandate: null },
    isLapsed: false,
  },
])("a job $what has lapsed: $isLapsed", ({ bookMs, change, isLapsed }) => {
  const bookBlockMs = new Map([["base", bookMs]]);
  const [effect] = pendingEffects([aJobUntil(100, change)], SETUPS, { bookBlockMs });
  expect(effect?.isLapsed ?? false).toBe(isLapsed);
  expect(effect?.isPendingAtShard).toBe(true);
  expect(effect !== undefined && isExpected(effect)).toBe(!isLapsed);
});

test("another shard's book says nothing of a job", () => {
  const bookBlockMs = new Map([["ethereum", 101_000]]);
  const [effect] = pendingEffects([aJobUntil(100)], SETUPS, { bookBlockMs });
  expect(effect?.isLapsed).toBeUndefined();
});

test("what has lapsed brings nothing, at its target or home, and what it takes stays taken", () => {
  const moved = { kind: "transfer", target: "arbitrum", amountOutOfShardRaw: "7" } as const;
  const recalled = { kind: "lend-move", amountUsd: 50, amountOutOfShardRaw: "0" } as const;
  const effectsAt = (bookMs: number) => {
    const bookBlockMs = new Map([["base", bookMs]]);
    const jobs = [aJobUntil(100, moved), aJobUntil(100, recalled)];
    return pendingEffects(jobs, SETUPS, { bookBlockMs });
  };
  const [before, after] = [effectsAt(100_000), effectsAt(101_000)];
  expect(before[0]?.isPendingAtTarget).toBe(true);
  expect(after[0]).toMatchObject({ isPendingAtTarget: false, isPendingAtShard: true, outRaw: 7n });
  expect(pendingHomeUsd(before, "base")).toBe(50);
  expect(pendingHomeUsd(after, "base")).toBe(0);
});

test("a sale for an exact amount of cash brings it home; any other sale does not count before it is there", () => {
  const at = { venue: address20("ad"), pool: address20("90"), minCapitalAfterRaw: "0" };
  const pair = { assetIn: address20("e0"), assetOut: address20("c0") };
  const params = { kind: "swap", ...at, ...pair, amountInRaw: "5", minAmountOutRaw: "9" } as const;
  const amounts = { amountOutRaw: "9", maxAmountInRaw: "5" };
  const exact = { kind: "swap-exact-output", ...at, ...pair, ...amounts } as const;
  const sale = { expectedDeltaUnits: -5, amountUsd: 900 };
  const homeUsd = (change: Partial<JobRecord>) =>
    pendingHomeUsd(pendingEffects([aJobRecord({ ...sale, ...change })], SETUPS), "base");
  expect(homeUsd({ params: exact })).toBe(900);
  expect(homeUsd({ params: exact, expectedDeltaUnits: 5 })).toBe(0);
  expect(homeUsd({ params })).toBe(0);
});
