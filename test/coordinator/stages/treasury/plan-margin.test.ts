import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PassOutcome, planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import {
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  BLOCK_MS,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket, type PerpOptions } from "#test/support/coordinator/perp-market.ts";
import { solvedPass } from "#test/support/coordinator/solve-pass.ts";

const POLICY = aPolicy({ hedgeNotionalMaxUsd: 200_000 });
const INDEX = { indexUpdatedAtMs: BLOCK_MS - 500 };

type Book = PerpOptions & {
  readonly hedgeUnits?: number;
  readonly calls?: number;
  readonly cashUsd?: number;
};

/** A shard with a pool at 0.3 % and a perpetual that is cheaper. */
function aBook({ hedgeUnits = 0, calls = 0, cashUsd = 300_000, ...perp }: Book) {
  const line = aPerpMarket({ feeFraction: 0.0002, ...perp, change: { ...INDEX, ...perp.change } });
  const options = { hedgeUnits, calls, cashUsd, feeFraction: 0.003 };
  return anEntry({ shard: "base", ...options, change: { perps: [line] } });
}

function pass(
  book: Book,
  o: { readonly policy?: Policy; readonly jobs?: readonly JobRecord[] } = {},
): PassOutcome {
  const { policy = POLICY, jobs = [] } = o;
  const input = aPassInput([aBook(book)], { policy, jobs });
  return policy.planning.method === "milp" ? solvedPass(input) : planPass(input);
}

const METHODS = ["greedy", "milp"] as const;

describe.each(METHODS)("a pass by %s", (method) => {
  const policy = { ...POLICY, planning: { ...POLICY.planning, method } };

  test("brings a book inside its band at once where a pool allows it, whatever margin the perpetual lacks", () => {
    const check = (marginUsd: number, calls: number, hedgeUnits: number): void => {
      const { decision, jobs } = pass({ marginUsd, calls, hedgeUnits }, { policy });
      const [eth] = decision.underlyings;
      if (eth?.netDeltaUnits === null || eth?.halfWidthUnits === null || eth === undefined)
        throw new Error("not netted");
      const traded = jobs.reduce((sum, job) => sum + job.expectedDeltaUnits, 0);
      const after = Math.abs(eth.netDeltaUnits + traded);
      expect(after).toBeLessThanOrEqual(eth.halfWidthUnits * (1 + 1e-9));
    };
    // Sold calls are hedged by buying, and what is held beyond them by selling.
    const margins = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 40_000, noNaN: true }));
    const calls = fc.integer({ min: -90, max: 0 });
    fc.assert(fc.property(margins, calls, fc.constantFrom(0, 30, 60), check), {
      numRuns: 40,
      seed: 7,
    });
  });
});

describe("margin for hedges to come", () => {
  test("is not taken back by the pass after the one that brought it, where surplus margin comes home", () => {
    const policy = { ...POLICY, perps: { ...POLICY.perps, withdrawsSurplus: true } };
    const [brought] = pass({}, { policy }).jobs;
    const marginUsd = brought?.amountUsd ?? 0;
    expect(marginUsd).toBeGreaterThan(1_000);
    expect(pass({ marginUsd, cashUsd: 300_000 - marginUsd }, { policy }).jobs).toEqual([]);
  });

  test("is brought while the book is quiet, once, and then stands", () => {
    const first = pass({});
    expect(first.decision.underlyings[0]?.action).toBe("hold");
    const [move] = first.jobs;
    expect(move).toMatchObject({ kind: "margin-move", shard: "base" });
    expect(first.decision.treasury).toEqual([
      { shard: "base", venue: "curie", amountUsd: move?.amountUsd, reason: "margin for hedges" },
    ]);
    expect(pass({}, { jobs: first.jobs }).jobs).toEqual([]);
    // Another agent of the shard may write the same account in other letters.
    const written = first.jobs.map((job): JobRecord => {
      if (job.params?.kind !== "margin-move") return job;
      const venue = `0x${job.params.venue.slice(2).toUpperCase()}` as const;
      return { ...job, params: { ...job.params, venue } };
    });
    expect(pass({}, { jobs: written }).jobs).toEqual([]);
    const amountUsd = move?.amountUsd ?? 0;
    expect(pass({ marginUsd: amountUsd, cashUsd: 300_000 - amountUsd }).jobs).toEqual([]);
  });

  test("is enough for the next hedge to be done on the perpetual in the pass that needs it", () => {
    const { amountUsd = 0 } = pass({}).jobs[0] ?? {};
    const { jobs } = pass({ marginUsd: amountUsd, hedgeUnits: 2 });
    expect(jobs[0]).toMatchObject({ kind: "perp-change", shard: "base" });
    expect(jobs[0]?.expectedDeltaUnits).toBeLessThan(-1);
  });

  test("is filled up when half of it is bound, in the pass whose trade binds it", () => {
    const { amountUsd = 0 } = pass({}).jobs[0] ?? {};
    const kinds = pass({ marginUsd: amountUsd, hedgeUnits: 2 }).jobs.map((job) => job.kind);
    expect(kinds).toEqual(["perp-change", "margin-move"]);
  });

  test.each<{ name: string; book: Book; perps: Partial<Policy["perps"]> }>([
    { name: "where a pool is cheaper", book: { feeFraction: 0.006 }, perps: {} },
    { name: "where the policy wants none", book: {}, perps: { standingMarginHalfWidths: 0 } },
    { name: "where the market is closed", book: { change: { acceptsTrades: false } }, perps: {} },
    { name: "from next to no cash", book: { cashUsd: 300 }, perps: {} },
    { name: "beyond its share of the cash", book: {}, perps: { standingMarginCashFraction: 0 } },
  ])("is not brought $name", ({ book, perps }) => {
    const policy = { ...POLICY, perps: { ...POLICY.perps, ...perps } };
    expect(pass(book, { policy }).jobs).toEqual([]);
  });

  test("comes to a share of the cash at most, however often it is planned", () => {
    const perps = { ...POLICY.perps, standingMarginHalfWidths: 100 };
    const policy = { ...POLICY, perps };
    const [move] = pass({ cashUsd: 20_000 }, { policy }).jobs;
    expect(move?.amountUsd).toBeCloseTo(5_000, 3);
    expect(pass({ cashUsd: 15_000, marginUsd: 5_000 }, { policy }).jobs).toEqual([]);
  });

  test("takes the vault's cash once where it has two accounts", () => {
    const other = "0x00000000000000000000000000000000000000aa" as const;
    const one = aPerpMarket({ change: INDEX });
    const perps = [one, { ...one, adapter: other, market: other }];
    const input = aPassInput(
      [anEntry({ shard: "base", hedgeUnits: 60, cashUsd: 6_000, change: { perps, capacity: [] } })],
      { policy: POLICY },
    );
    const { treasury } = planPass(input).decision;
    expect(treasury.reduce((sum, { amountUsd }) => sum + amountUsd, 0)).toBeCloseTo(6_000, 3);
  });

  test("leaves the vault what a recall brings back, so that a tick of the price does not carry it to and fro", () => {
    // Up by 18 % these would be due 26 000 USD: a vault below that is filled up to 32 500 USD, out of this account.
    const soon = anOption({ quantity: -100, expiryMs: NOW_MS + 3_600_000, strikeUsd: 2100 });
    const entryOf = (cashUsd: number) => {
      const line = aPerpMarket({ marginUsd: 10_000, change: INDEX });
      const change = { book: [soon], perps: [line], capacity: [] };
      return anEntry({ shard: "base", hedgeUnits: 60, cashUsd, change });
    };
    const movesAt = (cashUsd: number): number[] => {
      const { decision } = planPass(aPassInput([entryOf(cashUsd)], { policy: POLICY }));
      return decision.treasury.map(({ amountUsd }) => Math.round(amountUsd));
    };
    expect(movesAt(32_500)).toEqual([]);
    expect(movesAt(36_500)).toEqual([4_000]);
  });

  test("goes first to positions that lack it, also in a shard that may only reduce", () => {
    const policy = { ...POLICY, reduceOnlyShards: ["base"] };
    const book = { sizeUnits: -3, hedgeUnits: 3, marginUsd: 900 };
    const { decision } = pass(book, { policy });
    expect(decision.treasury).toMatchObject([{ reason: "margin its positions need" }]);
  });

  test("does not stop a trade that is good without it while it is on its way", () => {
    const perps = { ...POLICY.perps, standingMarginHalfWidths: 4 };
    const policy = { ...POLICY, perps };
    const first = pass({ marginUsd: 1_000 }, { policy });
    expect(first.jobs.map((job) => job.kind)).toEqual(["margin-move"]);
    const { jobs } = pass({ marginUsd: 1_000, hedgeUnits: 2 }, { policy, jobs: first.jobs });
    expect(jobs.map((job) => job.kind)).toEqual(["perp-change"]);
  });
});
