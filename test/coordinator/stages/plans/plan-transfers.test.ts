import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { assessCapital } from "#coordinator/stages/capital/assess-capital.ts";
import {
  mostFrom,
  planTransfers,
  type TransferPlan,
} from "#coordinator/stages/plans/plan-transfers.ts";
import type { RouteLine } from "#shared/wire/route-line.ts";
import {
  aJobRecord,
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";
import { aRouteLine } from "#test/support/coordinator/route-line.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const POLICY = aPolicy();
const BUFFER = POLICY.capital.bufferMultiplier;
/** Short calls that need some 79,000 USD. */
const NEEDY = { shard: "ethereum", calls: -200 } as const;

function plan(entries: readonly BookEntry[], changes: Partial<PassInput> = {}): TransferPlan {
  const input = aPassInput(entries, { policy: POLICY, ...changes });
  const world = aWorld(entries, input);
  return planTransfers(world);
}

function required(shard: TestShard, entries: readonly BookEntry[]): number {
  return aWorld(entries).view.capital.get(shard)?.requiredCapitalUsd ?? Number.NaN;
}

function routes(one: TransferPlan) {
  return one.transfers.map(({ source, target, amountUsd }) => [
    source,
    target,
    Math.round(amountUsd),
  ]);
}

/** A transfer job of this amount from `base` to `ethereum`. */
function onItsWay(amountUsd: number, changes: object = {}) {
  return aJobRecord({
    jobId: hash32("0c"),
    kind: "transfer",
    shard: "base",
    target: "ethereum",
    underlying: null,
    expectedDeltaUnits: 0,
    amountUsd,
    amountOutOfShardRaw: String(Math.round(amountUsd * 1e6)),
    state: "in-transit",
    ...changes,
  });
}

test("a shard in shortfall is brought up to its requirement and buffer by the largest surplus", () => {
  const entries = [
    anEntry({ ...NEEDY, cashUsd: 40_000 }),
    anEntry({ shard: "base", cashUsd: 900_000 }),
    anEntry({ shard: "arbitrum", cashUsd: 500_000 }),
  ];
  const missing = required("ethereum", entries) * BUFFER - 40_000;
  expect(missing).toBeGreaterThan(10_000);
  expect(routes(plan(entries))).toEqual([["base", "ethereum", Math.round(missing)]]);
});

test("nothing moves while every shard has what it needs, with or without its buffer", () => {
  const need = required("ethereum", [anEntry(NEEDY)]);
  for (const cashUsd of [need * 1.01, need * 2]) {
    const one = plan([anEntry({ ...NEEDY, cashUsd }), anEntry({ shard: "base" })]);
    expect(one).toEqual({ actions: [], transfers: [], blocked: [] });
  }
});

describe("a series that has expired and waits to be settled", () => {
  const expired = anOption({ strikeUsd: 1500, expiryMs: NOW_MS - 60_000, quantity: -100 });
  /** Solvent by far, but its value is in hedges: the 50,000 it owes cannot be paid from 10,000. */
  const debtor = anEntry({
    shard: "ethereum",
    cashUsd: 10_000,
    hedgeUnits: 100,
    change: { book: [expired] },
  });

  test("draws in the cash its vault lacks to pay for it, although the shard is solvent", () => {
    expect(routes(plan([debtor, anEntry({ shard: "base", cashUsd: 900_000 })]))).toEqual([
      ["base", "ethereum", 40_000],
    ]);
  });

  test("keeps that cash from being sent or spent elsewhere", () => {
    const rich = anEntry({
      shard: "ethereum",
      cashUsd: 60_000,
      hedgeUnits: 1000,
      change: { book: [expired] },
    });
    const capital = aWorld([rich]).view.capital.get("ethereum");
    expect(capital).toMatchObject({ freeCashRaw: 10_000_000_000n, missingUsd: 0 });
  });
});

test("two sources share what one cannot spare", () => {
  const entries = [
    anEntry({ ...NEEDY, cashUsd: 0 }),
    anEntry({ shard: "base", cashUsd: 60_000 }),
    anEntry({ shard: "arbitrum", cashUsd: 59_000 }),
  ];
  const missing = Math.round(required("ethereum", entries) * BUFFER);
  expect(routes(plan(entries))).toEqual([
    ["base", "ethereum", 60_000],
    ["arbitrum", "ethereum", missing - 60_000],
  ]);
});

test("a transfer is one whole, exact mandate: sister vault, amounts, gas and a capital floor", () => {
  const entries = [
    anEntry({ ...NEEDY, cashUsd: 40_000 }),
    anEntry({ shard: "base", calls: -10, cashUsd: 900_000 }),
  ];
  const [action] = plan(entries).actions;
  expect(action?.params).toMatchObject({
    kind: "transfer",
    dstEid: 30_001,
    dstVault: `0x${"00".repeat(12)}${"fa".repeat(20)}`,
    lzReceiveGas: POLICY.transfers.lzReceiveGas,
  });
  if (action?.params.kind !== "transfer") throw new Error("a transfer was expected");
  expect(action.params.amountRaw).toBe(action.params.minAmountRaw);
  expect(action.maxFeeNativeWei).toBe(POLICY.transfers.maxFeeNativeWei);
  expect(Number(action.params.minCapitalAfterRaw) / 1e6).toBeCloseTo(required("base", entries), 3);
});

describe("in flight", () => {
  const entries = [
    anEntry({ ...NEEDY, cashUsd: 40_000 }),
    anEntry({ shard: "base", cashUsd: 900_000 }),
  ];

  test("nothing is sent while what is on its way covers the shortfall", () => {
    const one = plan(entries, { jobs: [onItsWay(required("ethereum", entries) - 40_000 + 1)] });
    expect(one).toEqual({
      actions: [],
      transfers: [],
      blocked: ["ethereum: shortfall, covered by what is on its way"],
    });
  });

  test("what it does not cover is sent", () => {
    const one = plan(entries, { jobs: [onItsWay(10_000)] });
    expect(one.transfers).toHaveLength(1);
  });

  test("a second pass right after the first sends nothing", () => {
    const first = plan(entries);
    const jobs = [onItsWay(first.transfers[0]?.amountUsd ?? 0, { state: "recorded" })];
    expect(plan(entries, { jobs }).actions).toEqual([]);
  });

  describe("of which it is not known whether the target's book shows it already", () => {
    const need = required("ethereum", entries);
    const inDoubt = (amountUsd: number) => {
      const job = onItsWay(amountUsd);
      return { jobs: [job], creditsInDoubt: new Set([job.jobId]) };
    };
    const capitalOf = (changes: Partial<PassInput>) =>
      aWorld(entries, aPassInput(entries, { policy: POLICY, ...changes })).view.capital.get(
        "ethereum",
      );

    test("nothing is sent while it may end the shortfall, and the shard says why", () => {
      const one = plan(entries, inDoubt(need - 40_000 + 1));
      expect(one.actions).toEqual([]);
      expect(one.blocked).toEqual([
        "ethereum: shortfall, perhaps covered by a transfer that its book may show already: its chain is asked",
      ]);
    });

    test("what the shard lacks whichever is true is sent", () => {
      expect(plan(entries, inDoubt(1_000)).transfers).toHaveLength(1);
    });

    test("it is no capital of anybody's: its shard is as short as without it", () => {
      const without = capitalOf({});
      expect(capitalOf(inDoubt(need))).toEqual(without);
      expect(capitalOf({ jobs: [onItsWay(need)] })?.surplusUsd).toBeGreaterThan(
        without?.surplusUsd ?? 0,
      );
    });

    test("it makes no emergency: what all have together is not known", () => {
      const poor = [
        anEntry({ ...NEEDY, cashUsd: 10_000 }),
        anEntry({ shard: "base", calls: -10, cashUsd: 10_000 }),
      ];
      const emergencies = (changes: Partial<PassInput>) =>
        aWorld(poor, aPassInput(poor, { policy: POLICY, ...changes })).view.emergencies.size;
      expect(emergencies({ jobs: [onItsWay(1_000)] })).toBe(1);
      expect(emergencies(inDoubt(1_000))).toBe(0);
    });

    test("over any amounts, its shard is never worth more than if it had surely come, and never than if it surely will", () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 200_000 }),
          fc.integer({ min: 0, max: 200_000 }),
          (amountUsd, cashUsd) => {
            const books = [anEntry({ ...NEEDY, cashUsd }), anEntry({ shard: "base" })];
            const held = (changes: Partial<PassInput>) =>
              aWorld(books, aPassInput(books, { policy: POLICY, ...changes })).view.capital.get(
                "ethereum",
              )?.collateralUsdAfterHaircut ?? Number.NaN;
            const doubtful = held(inDoubt(amountUsd));
            expect(doubtful).toBeLessThanOrEqual(held({}));
            expect(doubtful).toBeLessThanOrEqual(held({ jobs: [onItsWay(amountUsd)] }));
          },
        ),
        { numRuns: 30 },
      );
    });
  });

  test("money that is still on its way to a source is no surplus yet", () => {
    const busy = { shard: "base", calls: -150 } as const;
    const own = required("base", [anEntry(busy)]) * BUFFER;
    const poor = [
      anEntry({ ...NEEDY, cashUsd: 40_000 }),
      anEntry({ ...busy, cashUsd: own + 2_000 }),
    ];
    const jobs = [onItsWay(900_000, { shard: "optimism", target: "base" })];
    expect(routes(plan(poor, { jobs }))).toEqual([["base", "ethereum", 2_000]]);
  });
});

describe("limits", () => {
  const poor = anEntry({ ...NEEDY, cashUsd: 40_000 });

  test("no transfer is larger than the maximum", () => {
    const policy = { ...POLICY, transfers: { ...POLICY.transfers, maximumUsd: 5_000 } };
    expect(routes(plan([poor, anEntry({ shard: "base" })], { policy }))).toEqual([
      ["base", "ethereum", 5_000],
    ]);
  });

  test("none is smaller than the minimum: a small shortfall is rounded up, a small surplus stays", () => {
    const policy = { ...POLICY, transfers: { ...POLICY.transfers, minimumUsd: 90_000 } };
    expect(routes(plan([poor, anEntry({ shard: "base" })], { policy }))).toEqual([
      ["base", "ethereum", 90_000],
    ]);
    const little = plan([poor, anEntry({ shard: "base", cashUsd: 80_000 })], { policy });
    expect(little.actions).toEqual([]);
    expect(little.blocked).toEqual([
      "ethereum: base could spare 80000.00 USD, the smallest transfer is 90000 USD",
    ]);
  });

  test("a shortfall nobody can cover is said", () => {
    const one = plan([poor, anEntry({ shard: "base", cashUsd: 10 })]);
    expect(one.blocked).toEqual([
      "ethereum: base could spare 10.00 USD, the smallest transfer is 1000 USD",
      "ethereum: shortfall not covered; no shard has surplus to spare",
    ]);
  });

  test("only cash is sent: hedges give no transfer", () => {
    const chain = { ...poor.report.chain, capitalRaw: "720000000000" };
    const held = anEntry({ shard: "base", cashUsd: 0, hedgeUnits: 400, change: { chain } });
    expect(plan([poor, held]).actions).toEqual([]);
  });

  test.each([
    { name: "a stale shard", entry: anEntry({ shard: "base", ageMs: 6000 }) },
    {
      name: "a shard that takes no jobs",
      entry: anEntry({
        shard: "base",
        change: { health: { acceptsJobs: false, reasons: ["feed-stale"] } },
      }),
    },
  ])("$name is no source", ({ entry }) => {
    expect(plan([poor, entry]).actions).toEqual([]);
  });

  test("a reduce-only shard is no source", () => {
    expect(
      plan([poor, anEntry({ shard: "base" })], {
        policy: { ...POLICY, reduceOnlyShards: ["base"] },
      }).actions,
    ).toEqual([]);
  });

  test("a stale shard is no target", () => {
    expect(
      plan([anEntry({ ...NEEDY, cashUsd: 0, ageMs: 6000 }), anEntry({ shard: "base" })]).actions,
    ).toEqual([]);
  });
});

describe("the fee of a route", () => {
  const TO_ETHEREUM = 30_001;
  const poor = anEntry({ ...NEEDY, cashUsd: 40_000 });
  const baseFeeUsd = 1e-9 * 500_000 * 2000;

  function sourceWith(shard: TestShard, cashUsd: number, route: Partial<RouteLine> | undefined) {
    const own = route === undefined ? [] : [aRouteLine({ dstEid: TO_ETHEREUM, ...route })];
    const entry = anEntry({ shard, cashUsd, change: { routes: own } });
    const chain = { ...entry.report.chain, baseFeeWei: "1000000000" };
    return { ...entry, report: { ...entry.report, chain } };
  }

  test("is the reported quote and the gas of the transaction, at the native coin's price", () => {
    const one = plan([poor, sourceWith("base", 900_000, { feeNativeWei: "2000000000000000" })]);
    expect(one.transfers[0]?.fee?.usd).toBeCloseTo(4 + baseFeeUsd, 9);
    expect(one.transfers[0]?.fee).toMatchObject({ basis: "quote", reason: null });
  });

  test("is the policy's where there is no quote, and the decision says why", () => {
    const cases: [Partial<RouteLine> | undefined, string][] = [
      [undefined, "no quote is reported"],
      [{ dstEid: 30_999 }, "no quote is reported"],
      [{ feeNativeWei: null, reason: "eth_call: timeout" }, "no quote: eth_call: timeout"],
      [{ lzReceiveGas: 80_000 }, "quoted for a delivery of 80000 gas; the policy buys 200000"],
    ];
    for (const [route, reason] of cases) {
      const one = plan([poor, sourceWith("base", 900_000, route)]);
      const usd = POLICY.planning.transferFeeUsd;
      expect(one.transfers[0]?.fee).toEqual({ usd, basis: "policy", reason });
    }
  });

  test("decides between shards that can each cover the whole shortfall", () => {
    const rich = sourceWith("base", 900_000, { feeNativeWei: "9000000000000000" });
    const cheap = sourceWith("arbitrum", 500_000, { feeNativeWei: "1000000000000000" });
    expect(plan([poor, rich, cheap]).transfers.map((one) => one.source)).toEqual(["arbitrum"]);
  });

  test.each([
    {
      name: "a fee above the policy's largest",
      route: { feeNativeWei: "50000000000000001" },
      why: "the LayerZero fee is 50000000000000001 wei, at most 50000000000000000 may be paid",
    },
    {
      name: "a message the contracts refuse",
      route: { feeNativeWei: null, acceptsTransfers: false, reason: "quoteSend reverts" },
      why: "the route is closed: quoteSend reverts",
    },
  ])("$name closes the route, and the next source is taken", ({ route, why }) => {
    const closed = sourceWith("base", 900_000, route);
    const next = sourceWith("arbitrum", 500_000, {});
    const one = plan([poor, closed, next]);
    expect(one.transfers.map(({ source }) => source)).toEqual(["arbitrum"]);
    const alone = plan([poor, closed]);
    expect(alone.actions).toEqual([]);
    expect(alone.blocked).toEqual([
      `ethereum: nothing from base; ${why}`,
      "ethereum: shortfall not covered; no shard has surplus to spare",
    ]);
  });

  test("of the largest the policy allows is still paid", () => {
    const one = plan([poor, sourceWith("base", 900_000, { feeNativeWei: "50000000000000000" })]);
    expect(one.transfers).toHaveLength(1);
  });
});

test("no source is ever planned below its own requirement and buffer, nor below its cash", () => {
  const shard = fc.record({
    cashUsd: fc.integer({ min: 0, max: 400_000 }),
    calls: fc.integer({ min: -800, max: 50 }),
    hedgeUnits: fc.integer({ min: 0, max: 100 }),
  });
  const ids: readonly TestShard[] = ["ethereum", "arbitrum", "base", "optimism"];
  let planned = 0;
  fc.assert(
    fc.property(fc.array(shard, { minLength: 2, maxLength: 4 }), (drawn) => {
      const entries = drawn.map((one, index) => anEntry({ shard: ids[index] ?? "base", ...one }));
      const input = aPassInput(entries, { policy: POLICY });
      const world = aWorld(entries, input);
      const { actions } = planTransfers({ ...world, effects: [] });
      planned += actions.length;
      const effects = actions.map((action) => action.effect);
      for (const { setup, valuation } of world.inputs) {
        const sent = effects.filter((effect) => effect.shard === setup.shard);
        if (sent.length === 0) continue;
        const outgoing = assessCapital(valuation, setup, sent, POLICY);
        expect(outgoing.collateralUsdAfterHaircut).toBeGreaterThanOrEqual(
          outgoing.requiredCapitalUsd * BUFFER - 1e-3,
        );
        expect(sent.reduce((total, effect) => total + effect.outRaw, 0n)).toBeLessThanOrEqual(
          valuation.cashRaw,
        );
      }
    }),
    { numRuns: 150 },
  );
  expect(planned).toBeGreaterThan(10);
});

test("what has not left yet, and premiums not paid yet, come off the capital on chain that a source may send", () => {
  const entry = anEntry({ shard: "base", cashUsd: 900_000 });
  const chain = { ...entry.report.chain, capitalRaw: "300000000000" };
  const source = { ...entry, report: { ...entry.report, chain } };
  const entries = [source, anEntry({ shard: "ethereum" })];
  const expiryMs = NOW_MS + 86_400_000;
  const optionExposure = { expiryMs, gammaUnitsPerUsd: 0, vegaUsdPerVolPoint: 3, gridPnlUsd: [] };
  const bought = { kind: "option-trade", target: null, optionExposure, amountOutOfShardRaw: "0" };
  const most = (state: "sent" | "in-transit", changes: object = {}): number => {
    const world = aWorld(entries, {
      policy: POLICY,
      jobs: [onItsWay(40_000, { state, ...changes })],
    });
    const input = world.inputs.find(({ setup }) => setup.shard === "base");
    return input === undefined ? Number.NaN : mostFrom(input, world);
  };
  expect(most("in-transit")).toBe(300_000);
  expect(most("sent")).toBe(260_000);
  expect(most("sent", bought)).toBe(260_000);
  expect(
    most("sent", { ...bought, optionExposure: { ...optionExposure, vegaUsdPerVolPoint: -3 } }),
  ).toBe(300_000);
});
