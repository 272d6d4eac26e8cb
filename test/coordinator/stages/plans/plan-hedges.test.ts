import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { pendingEffects } from "#coordinator/records/planning/pending-effect.ts";
import { type HedgePlan, planHedges } from "#coordinator/stages/plans/plan-hedges.ts";
import {
  aJobRecord,
  aJobUntil,
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  type EntryOptions,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aWorld, netEth } from "#test/support/coordinator/planned-world.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const WIDTH = 4;
const POLICY = aPolicy({ hedgeTargetFraction: 0.5, hedgeNotionalMaxUsd: 200_000 });

type Options = { halfWidthUnits?: number; jobsMax?: number } & Partial<PassInput>;

function plan(entries: readonly BookEntry[], o: Options = {}): HedgePlan {
  const { halfWidthUnits = WIDTH, jobsMax = 8, ...changes } = o;
  const input = aPassInput(entries, { policy: POLICY, ...changes });
  const world = aWorld(entries, input);
  return planHedges({
    net: netEth(world),
    halfWidthUnits,
    inputs: world.inputs,
    effects: world.effects,
    policy: input.policy,
    nativeUsd: world.nativeUsd,
    jobsMax,
  });
}

/** Shards with given hedges only: their deltas are exactly those numbers. */
function held(...units: readonly number[]): BookEntry[] {
  const shards: readonly TestShard[] = ["ethereum", "arbitrum", "base", "optimism"];
  return units.map((hedgeUnits, index) => anEntry({ shard: shards[index] ?? "base", hedgeUnits }));
}

/** Swaps of either kind, by the worst they may do. */
function swaps(one: HedgePlan) {
  return one.actions.map(({ params, effect }) => {
    const { shard, deltaUnits, outRaw } = effect;
    if (params.kind === "swap") return { ...params, shard, deltaUnits, outRaw };
    if (params.kind !== "swap-exact-output") throw new Error("a swap was expected");
    const { amountOutRaw: minAmountOutRaw, maxAmountInRaw: amountInRaw } = params;
    return { ...params, amountInRaw, minAmountOutRaw, shard, deltaUnits, outRaw };
  });
}

test("nothing is traded inside the band, its edge included", () => {
  expect(plan(held(WIDTH))).toMatchObject({
    action: "hold",
    reason: "inside the band",
    actions: [],
  });
});

test("outside the band the trade leads to the target on the near side", () => {
  const sold = plan(held(10));
  expect(sold).toMatchObject({ action: "hedge", reason: "outside the band" });
  expect(sold.tradeUnits).toBeCloseTo(-8, 6);
  const short = [anEntry({ shard: "base", calls: -40 })];
  const net = netEth(aWorld(short)).greeks.deltaUnits;
  expect(plan(short).tradeUnits).toBeCloseTo(-2 - net, 6);
});

test("the net after the trade is inside the band, so that the next pass holds", () => {
  const units = fc.double({ min: 0, max: 60, noNaN: true });
  const books = fc.tuple(units, units, fc.integer({ min: -60, max: 30 }));
  fc.assert(
    fc.property(books, ([one, other, calls]) => {
      const entries = [...held(one, other), anEntry({ shard: "base", calls })];
      const first = plan(entries);
      if (first.reason !== "outside the band") return;
      const jobs = first.actions.map((action, step) =>
        aJobRecord({
          jobId: `0x${step.toString(16).padStart(64, "0")}`,
          shard: action.effect.shard,
          expectedDeltaUnits: action.effect.deltaUnits,
          amountOutOfShardRaw: action.effect.outRaw.toString(),
        }),
      );
      expect(plan(entries, { jobs })).toMatchObject({ action: "hold", actions: [] });
    }),
    { numRuns: 60 },
  );
});

describe("a trade is bounded", () => {
  test("by the hedges held, when it sells", () => {
    const one = plan([
      anEntry({ shard: "ethereum", calls: 60 }),
      anEntry({ shard: "base", hedgeUnits: 3 }),
    ]);
    expect(swaps(one).map((swap) => [swap.shard, swap.amountInRaw])).toEqual([
      ["base", "3000000000000000000"],
    ]);
    expect(one.reason).toBe("outside the band; as much as the shards' limits allow");
    expect(one.blocked).toContain("ETH: ethereum: no hedge to sell");
  });

  test("to what is really there: a balance that no double holds is not exceeded", () => {
    // The nearest double of this balance is 187 wei above it.
    const heldRaw = 3_000_000_000_000_000_257n;
    const base = anEntry({ shard: "base" });
    const collateral = base.report.collateral.map((line) =>
      line.underlying === "ETH" ? { ...line, amountRaw: heldRaw.toString() } : line,
    );
    const [swap] = swaps(
      plan([
        anEntry({ shard: "ethereum", calls: 60 }),
        { ...base, report: { ...base.report, collateral } },
      ]),
    );
    expect(swap?.amountInRaw).toBe(heldRaw.toString());
  });

  test("by the free cash, when it buys, which jobs in flight have spent already", () => {
    const rich = anEntry({ shard: "ethereum", calls: -40, cashUsd: 20_000 });
    const [swap] = swaps(plan([rich]));
    expect(Number(swap?.amountInRaw)).toBeLessThanOrEqual(20_000e6);
    const job = aJobRecord({
      shard: "ethereum",
      kind: "transfer",
      target: "base",
      underlying: null,
      expectedDeltaUnits: 0,
      amountOutOfShardRaw: "20000000000",
    });
    expect(plan([rich], { jobs: [job] }).action).toBe("blocked");
  });

  test("by the largest notional of one job", () => {
    const one = plan(held(90), { policy: aPolicy({ hedgeNotionalMaxUsd: 10_000 }) });
    expect(swaps(one)[0]?.deltaUnits).toBeCloseTo(-5, 9);
  });

  test("by the shard's own requirement and buffer after the trade", () => {
    const short = anEntry({ shard: "ethereum", calls: -200, change: { capacity: [] } });
    const puts = [anOption({ type: "put", quantity: -100 })];
    const withCash = (cashUsd: number) =>
      anEntry({ shard: "base", cashUsd, change: { book: puts } });
    const need = aWorld([withCash(0)]).view.capital.get("base")?.requiredCapitalUsd ?? 0;
    const [swap] = swaps(plan([short, withCash(need * 1.25 + 2_000)]));
    const paidUsd = (swap?.deltaUnits ?? 0) * 2_000;
    // 2,000 USD of surplus cover the haircut on the hedge, its loss of 18 % x 1.1 x 1.25, and the fee.
    expect(paidUsd * (0.1 + 1.25 * 1.1 * 0.18)).toBeLessThanOrEqual(2_000);
    expect(paidUsd * (0.1 + 1.25 * 1.1 * 0.18)).toBeGreaterThan(1_980);
  });

  test("by the jobs of the pass", () => {
    expect(plan(held(30, 30, 30), { jobsMax: 2 }).actions).toHaveLength(2);
    expect(plan(held(30, 30, 30), { jobsMax: 0 })).toMatchObject({
      action: "blocked",
      reason: "outside the band; no jobs left in this pass",
    });
  });

  test("by the price: a venue that is dearer than half the slippage is not used", () => {
    const dear = anEntry({ shard: "base", hedgeUnits: 30, feeFraction: 0.006 });
    expect(plan([dear])).toMatchObject({
      action: "blocked",
      blocked: ["ETH: base: venue too thin or too dear"],
    });
  });

  test("a pool that cannot be filled is no venue", () => {
    const entry = anEntry({ shard: "base", hedgeUnits: 30 });
    const [pool] = entry.report.capacity;
    if (pool === undefined) throw new Error("no pool");
    const capacity = [
      { ...pool, sell: pool.sell.map((point) => ({ ...point, amountOutRaw: "0" })) },
    ];
    expect(plan([{ ...entry, report: { ...entry.report, capacity } }]).action).toBe("blocked");
  });
});

describe("the split over shards", () => {
  test("prefers the cheaper pool and uses both when the trade is large", () => {
    const cheap: EntryOptions = { shard: "ethereum", hedgeUnits: 100, feeFraction: 0.0005 };
    const dear: EntryOptions = { shard: "base", hedgeUnits: 100, feeFraction: 0.0012 };
    const small = plan([anEntry({ ...cheap, hedgeUnits: 8 }), anEntry({ ...dear, hedgeUnits: 1 })]);
    expect(swaps(small).map((swap) => swap.shard)).toEqual(["ethereum"]);
    const large = plan([
      anEntry({ ...cheap, hedgeUnits: 60 }),
      anEntry({ ...dear, hedgeUnits: 60 }),
    ]);
    const parts = swaps(large);
    expect(parts.map((swap) => swap.shard)).toEqual(["ethereum", "base"]);
    expect(Math.abs(parts[0]?.deltaUnits ?? 0)).toBeGreaterThan(
      Math.abs(parts[1]?.deltaUnits ?? 0),
    );
  });

  test("trades one way only: no shard buys while another sells", () => {
    const deltas = fc.array(fc.double({ min: 0, max: 80, noNaN: true }), {
      minLength: 2,
      maxLength: 4,
    });
    fc.assert(
      fc.property(deltas, fc.integer({ min: -150, max: 0 }), (units, calls) => {
        const [first, ...rest] = held(...units);
        if (first === undefined) return;
        const entries = [anEntry({ shard: "ethereum", hedgeUnits: units[0] ?? 0, calls }), ...rest];
        const signs = new Set(
          plan(entries).actions.map((action) => Math.sign(action.effect.deltaUnits)),
        );
        expect(signs.size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});

describe("takes no part", () => {
  const SELLER = held(30);
  const withReport = (change: object): BookEntry[] =>
    SELLER.map((entry) => ({ ...entry, report: { ...entry.report, ...change } }));
  const chain = SELLER[0]?.report.chain;

  test.each([
    {
      name: "an agent that takes no jobs",
      entries: withReport({ health: { acceptsJobs: false, reasons: ["gas-below-floor"] } }),
      reason: "run, takes no jobs",
    },
    {
      name: "a vault at another epoch",
      entries: withReport({ chain: { ...chain, epoch: 2 } }),
      reason: "run, takes no jobs",
    },
    {
      name: "a vault with another leader",
      entries: withReport({ chain: { ...chain, leader: address20("99") } }),
      reason: "run, takes no jobs",
    },
    {
      name: "a paused vault",
      entries: withReport({ chain: { ...chain, paused: true } }),
      reason: "run, takes no jobs",
    },
    { name: "a shard without a venue", entries: withReport({ capacity: [] }), reason: "no venue" },
  ])("$name", ({ entries, reason }) => {
    expect(plan(entries)).toMatchObject({
      action: "blocked",
      blocked: [`ETH: ethereum: ${reason}`],
    });
  });

  test("a shard that is not led yet", () => {
    const takeOvers = new Map([
      [
        "ethereum",
        { state: "waiting", reason: "epoch 1 is not final yet", isReachable: true } as const,
      ],
    ]);
    expect(plan(SELLER, { takeOvers }).blocked).toEqual(["ETH: ethereum: waiting"]);
  });

  test("a shard with a swap of the same underlying in flight", () => {
    const jobs = [
      aJobRecord({
        shard: "ethereum",
        expectedDeltaUnits: -1,
        amountOutOfShardRaw: "1000000000000000000",
      }),
    ];
    expect(plan(SELLER, { jobs }).blocked).toEqual(["ETH: ethereum: hedge in flight"]);
    expect(pendingEffects(jobs)).toHaveLength(1);
  });

  test("but not one whose swap has lapsed: what it did not do is traded now", () => {
    const jobs = [
      aJobUntil(Math.floor(NOW_MS / 1000) - 2, {
        shard: "ethereum",
        expectedDeltaUnits: -1,
        amountOutOfShardRaw: "1000000000000000000",
      }),
    ];
    const after = plan(SELLER, { jobs });
    expect(after.blocked).toEqual([]);
    expect(after.tradeUnits).toBeCloseTo(plan(SELLER).tradeUnits, 6);
  });

  test("a stale shard, while the others go on", () => {
    const entries = [
      anEntry({ shard: "ethereum", hedgeUnits: 30 }),
      anEntry({ shard: "base", hedgeUnits: 30, ageMs: 6000 }),
    ];
    const one = plan(entries);
    expect(swaps(one).map((swap) => swap.shard)).toEqual(["ethereum"]);
    expect(one.blocked).toEqual(["ETH: base: stale"]);
  });
});

test("a reduce-only shard trades towards its own zero and no further", () => {
  const entries = [
    anEntry({ shard: "ethereum", calls: 50, hedgeUnits: 0, change: { capacity: [] } }),
    anEntry({ shard: "base", hedgeUnits: 30, calls: -40 }),
  ];
  const policy = aPolicy({ hedgeNotionalMaxUsd: 200_000 }, { reduceOnlyShards: ["base"] });
  const free = swaps(plan(entries));
  expect(-(free[0]?.deltaUnits ?? 0)).toBeGreaterThan(15);
  const bound = swaps(plan(entries, { policy }));
  const own =
    aWorld(entries).view.valuations.get("base")?.underlyings.get("ETH")?.greeks.deltaUnits ?? 0;
  expect(own).toBeGreaterThan(0);
  expect(-(bound[0]?.deltaUnits ?? 0)).toBeCloseTo(own, 9);
});

test("what only a stale shard's interval puts outside the band is not traded", () => {
  const entries = [
    anEntry({ shard: "ethereum", hedgeUnits: 26 }),
    anEntry({ shard: "base", calls: -40, ageMs: 6000 }),
  ];
  const one = plan(entries, { halfWidthUnits: 2 });
  expect(one).toMatchObject({
    action: "hold",
    reason: "outside the band, but a stale shard makes it uncertain",
  });
});

test("a swap names the worst price it accepts, within the policy of the fair price", () => {
  const [sold] = swaps(plan(held(10)));
  const received = Number(sold?.minAmountOutRaw) / 1e6;
  const fair = (Number(sold?.amountInRaw) / 1e18) * 2000;
  expect(received / fair).toBeGreaterThan(1 - POLICY.hedging.slippageMaxFraction);
  expect(received / fair).toBeLessThan(1);
  const [bought] = swaps(plan([anEntry({ shard: "base", calls: -40 })]));
  const units = Number(bought?.minAmountOutRaw) / 1e18;
  const fairUnits = Number(bought?.amountInRaw) / 1e6 / 2000;
  expect(units / fairUnits).toBeGreaterThan(1 - POLICY.hedging.slippageMaxFraction);
  expect(units / fairUnits).toBeLessThan(1);
});

test("a purchase asks for exactly the units it needs, and what it may spend counts as leaving", () => {
  const [bought] = swaps(plan([anEntry({ shard: "base", calls: -40 })]));
  expect(bought?.kind).toBe("swap-exact-output");
  expect(Number(bought?.minAmountOutRaw) / 1e18).toBe(bought?.deltaUnits);
  expect(bought?.outRaw).toBe(BigInt(bought?.amountInRaw ?? 0));
  const fairUsd = (bought?.deltaUnits ?? 0) * 2_000;
  expect(Number(bought?.outRaw) / 1e6).toBeGreaterThan(fairUsd);
  expect(Number(bought?.outRaw) / 1e6).toBeLessThan(
    fairUsd / (1 - POLICY.hedging.slippageMaxFraction),
  );
});

test("where the most it may spend would take more than half of the free cash, it spends an exact amount", () => {
  const short = anEntry({ shard: "ethereum", calls: -60, change: { capacity: [] } });
  const bought = (cashUsd: number) => swaps(plan([short, anEntry({ shard: "base", cashUsd })]))[0];
  const [rich, poor] = [bought(1_000_000), bought(30_000)];
  expect(rich?.kind).toBe("swap-exact-output");
  expect(poor?.kind).toBe("swap");
  expect(poor?.deltaUnits).toBeGreaterThan(0);
  expect(poor?.outRaw).toBeLessThanOrEqual(30_000_000_000n);
});

test("a lagging pool that is better than the market does not raise the minimum above the fair price", () => {
  const lagging = anEntry({ shard: "base", hedgeUnits: 30 });
  const market = lagging.report.market.map((line) => ({
    ...line,
    spotUsd: 1900,
    spotUpdatedAtMs: NOW_MS - 900,
  }));
  const [sold] = swaps(plan([{ ...lagging, report: { ...lagging.report, market } }]));
  const perUnit = Number(sold?.minAmountOutRaw) / 1e6 / (Number(sold?.amountInRaw) / 1e18);
  expect(perUnit).toBeLessThanOrEqual(1900);
  expect(perUnit).toBeGreaterThan(1900 * 0.99);
});

test("a venue that takes no trades is not planned with, and says how far off its mean it is", () => {
  const closed = (spotOverMeanFraction: number | null) => {
    const entry = anEntry({ shard: "base", hedgeUnits: 30 });
    const capacity = entry.report.capacity.map((line) => ({
      ...line,
      acceptsTrades: false,
      meanPrice: { windowSeconds: 60, limitFraction: 0.008, spotOverMeanFraction },
    }));
    return { ...entry, report: { ...entry.report, capacity } };
  };
  const off = plan([closed(-0.0123)]);
  expect(off).toMatchObject({ action: "blocked", tradeUnits: 0 });
  expect(off.blocked).toEqual([
    "ETH: base: uniswap-v3 takes no trades: spot is -1.23 % off its mean of 60 s, the limit is 0.80 %",
  ]);
  expect(plan([closed(null)]).blocked[0]).toContain("no price history of 60 s");
  expect(plan([closed(0.001)]).blocked[0]).toContain("it, or the vault, does not allow them");
  const elsewhere = plan([closed(-0.0123), anEntry({ shard: "ethereum", hedgeUnits: 30 })]);
  expect(swaps(elsewhere).map((swap) => swap.shard)).toEqual(["ethereum"]);
});
