import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import {
  type PendingEffect,
  pendingEffects,
} from "#coordinator/records/planning/pending-effect.ts";
import { assessCapital, surplusUsd } from "#coordinator/stages/capital/assess-capital.ts";
import {
  type PendingRange,
  requiredCapitalUsd,
  requiredUsdWith,
  worstLossUsd,
} from "#coordinator/stages/capital/required-capital.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import {
  aJobRecord,
  anEntry,
  aPolicy,
  aShardSetup,
  type EntryOptions,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";

const POLICY = aPolicy();

function assess(entry: EntryOptions, effects: readonly PendingEffect[] = []) {
  const valuation = aWorld([anEntry(entry)]).view.valuations.get(entry.shard);
  if (valuation === undefined) throw new Error("no valuation");
  const eth = valuation.underlyings.get("ETH");
  if (eth === undefined) throw new Error("no ETH");
  return { ...assessCapital(valuation, aShardSetup(entry.shard), effects, POLICY), valuation, eth };
}

const OUT = aJobRecord({
  kind: "transfer",
  shard: "base",
  target: "ethereum",
  underlying: null,
  expectedDeltaUnits: 0,
  amountUsd: 100_000,
  amountOutOfShardRaw: "100000000000",
});

test("an empty book needs nothing and has no ratio", () => {
  const one = assess({ shard: "base", cashUsd: 500 });
  expect(one).toMatchObject({
    requiredCapitalUsd: 0,
    solvencyRatio: null,
    surplusUsd: 500,
    collateralUsd: 500,
  });
});

test("required capital is what is owed, the worst loss times the multiplier and the contingency", () => {
  const one = assess({ shard: "base", calls: -10 });
  const owed = -one.eth.optionValueUsd;
  const worst = Math.max(...one.eth.gridPnlUsd.map((pnl) => -pnl));
  const { scenarioMultiplier, shortOptionContingencyFraction } = POLICY.capital;
  const contingency = 10 * 2000 * shortOptionContingencyFraction;
  expect(one.requiredCapitalUsd).toBeCloseTo(owed + worst * scenarioMultiplier + contingency, 8);
});

test("what other shards do between themselves changes nothing, what comes here does", () => {
  const [out] = pendingEffects([OUT]);
  if (out === undefined) throw new Error("no effect");
  const elsewhere = { ...out, shard: "ethereum", target: "arbitrum" };
  const here = { ...out, shard: "ethereum", target: "base" };
  const { valuation } = assess({ shard: "base", cashUsd: 1000 });
  const setup = aShardSetup("base");
  const assessed = (effects: readonly PendingEffect[]) => {
    return assessCapital(valuation, setup, effects, POLICY).collateralUsd;
  };
  expect([[], [elsewhere], [elsewhere, here], [here, here], []].map(assessed)).toEqual([
    1000, 1000, 101_000, 201_000, 1000,
  ]);
});

test("what is required with one underlying's pending range is what a map with that range requires", () => {
  const { valuation } = assess({ shard: "base", calls: -10 });
  const subject = { valuation, setup: aShardSetup("base"), policy: POLICY };
  const units = fc.double({ min: -50, max: 50, noNaN: true });
  fc.assert(
    fc.property(units, units, units, (pending, lowUnits, highUnits) => {
      const range = { lowUnits, highUnits, optionLossUsd: [] };
      const before = new Map([["ETH", { ...range, lowUnits: pending, highUnits: pending }]]);
      const whole = (map: ReadonlyMap<string, PendingRange>) =>
        requiredCapitalUsd(valuation, subject.setup, map, POLICY);
      const required = requiredUsdWith(subject, before);
      expect(required("ETH", range)).toBe(whole(new Map([["ETH", range]])));
      expect(required("BTC", range)).toBe(whole(before));
    }),
  );
});

test("it is never less than the liability on chain", () => {
  const change = {
    chain: { ...anEntry({ shard: "base" }).report.chain, liabilitiesRaw: "77000000000" },
  };
  expect(assess({ shard: "base", change }).requiredCapitalUsd).toBe(77_000);
});

test("hedges count after their haircut", () => {
  const one = assess({ shard: "base", cashUsd: 1000, hedgeUnits: 10 });
  expect(one.collateralUsd).toBe(21_000);
  expect(one.collateralUsdAfterHaircut).toBeCloseTo(1000 + 20_000 * 0.9, 9);
});

describe("a settlement asset below its peg", () => {
  /** At 0.95 USD, with 0.97 as the floor and 5 as the slope: a tenth does not count. */
  const depegged = (entry: EntryOptions, effects: readonly PendingEffect[] = []) => {
    const usual = anEntry(entry);
    const collateral = usual.report.collateral.map((line) => {
      return line.underlying === null ? { ...line, priceUsd: 0.95 } : line;
    });
    return assess({ ...entry, change: { collateral } }, effects);
  };

  test("counts at its price less the haircut; hedges and equity are not touched by it", () => {
    const one = depegged({ shard: "base", cashUsd: 1000, hedgeUnits: 10 });
    expect(one.collateralUsd).toBeCloseTo(950 + 20_000, 9);
    expect(one.equityUsd).toBeCloseTo(950 + 20_000, 9);
    expect(one.collateralUsdAfterHaircut).toBeCloseTo(950 * 0.9 + 18_000, 9);
  });

  test("counts less on its way, too", () => {
    const { inTransitHaircutFraction } = POLICY.transfers;
    const on = depegged({ shard: "ethereum", cashUsd: 0 }, pendingEffects([OUT]));
    expect(on.collateralUsdAfterHaircut).toBeCloseTo(
      100_000 * (1 - inTransitHaircutFraction) * 0.9,
      6,
    );
  });

  test("is no worse off for a hedge that is bought with it", () => {
    const buying = pendingEffects([aJobRecord()]);
    const before = depegged({ shard: "base", cashUsd: 50_000 }).collateralUsdAfterHaircut;
    expect(depegged({ shard: "base", cashUsd: 50_000 }, buying).collateralUsdAfterHaircut).toBe(
      before,
    );
  });

  test("is whole at its floor", () => {
    expect(assess({ shard: "base", cashUsd: 500 }).collateralUsdAfterHaircut).toBe(500);
  });
});

describe("a transfer on its way", () => {
  test("is gone from its source as soon as it is planned, also from the cash", () => {
    const one = assess({ shard: "base", cashUsd: 300_000 }, pendingEffects([OUT]));
    expect(one.collateralUsd).toBe(200_000);
    expect(one.freeCashRaw).toBe(200_000_000_000n);
  });

  test("is not taken away twice once the source's book shows that it left", () => {
    const one = assess(
      { shard: "base", cashUsd: 200_000 },
      pendingEffects([{ ...OUT, state: "in-transit" }]),
    );
    expect(one.collateralUsd).toBe(200_000);
  });

  test("counts at its target after the haircut until it is delivered", () => {
    const { inTransitHaircutFraction } = POLICY.transfers;
    const on = assess({ shard: "ethereum", cashUsd: 0 }, pendingEffects([OUT]));
    expect(on.collateralUsd).toBe(100_000);
    expect(on.collateralUsdAfterHaircut).toBeCloseTo(100_000 * (1 - inTransitHaircutFraction), 9);
    expect(on.freeCashRaw).toBe(0n);
    const delivery = { blockNumber: 130, isFinal: false };
    expect(
      assess({ shard: "ethereum", cashUsd: 100_000 }, pendingEffects([{ ...OUT, delivery }]))
        .collateralUsd,
    ).toBe(100_000);
  });
});

test("a swap in flight counts both done and not done: the dearer requirement wins", () => {
  const reducing = pendingEffects([aJobRecord({ expectedDeltaUnits: 5 })]);
  const adding = pendingEffects([aJobRecord({ expectedDeltaUnits: 500 })]);
  const before = assess({ shard: "base", calls: -10 }).requiredCapitalUsd;
  expect(assess({ shard: "base", calls: -10 }, reducing).requiredCapitalUsd).toBe(before);
  expect(assess({ shard: "base", calls: -10 }, adding).requiredCapitalUsd).toBeGreaterThan(100_000);
});

test("of several hedges in flight every subset is covered, not only all and none", () => {
  const jobs = [aJobRecord({ expectedDeltaUnits: 300 }), aJobRecord({ expectedDeltaUnits: -280 })];
  const subsets = [[], [jobs[0]], [jobs[1]], jobs].map((subset) => {
    const certain = pendingEffects(subset.flatMap((job) => job ?? [])).map((effect) => {
      return { ...effect, isCertain: true };
    });
    return assess({ shard: "base", calls: -10 }, certain).requiredCapitalUsd;
  });
  const required = assess({ shard: "base", calls: -10 }, pendingEffects(jobs)).requiredCapitalUsd;
  expect(required).toBe(Math.max(...subsets));
  expect(required).toBeGreaterThan(Math.max(subsets[0] ?? 0, subsets[3] ?? 0) * 2);
});

test("an option trade in flight counts where it loses, and frees nothing before it is done", () => {
  const trade = (pnl: number): JobRecord => {
    const gridPnlUsd = STANDARD_GRID.map(() => pnl);
    const expiryMs = NOW_MS + 86_400_000;
    const optionExposure = { expiryMs, gammaUnitsPerUsd: 0, vegaUsdPerVolPoint: 0, gridPnlUsd };
    return aJobRecord({ kind: "option-trade", expectedDeltaUnits: 1, optionExposure });
  };
  const book = { shard: "base", calls: -10 } as const;
  const before = assess(book).requiredCapitalUsd;
  const { scenarioMultiplier } = POLICY.capital;
  expect(assess(book, pendingEffects([trade(500)])).requiredCapitalUsd).toBe(before);
  expect(assess(book, pendingEffects([trade(-500)])).requiredCapitalUsd).toBeCloseTo(
    before + 500 * scenarioMultiplier,
    6,
  );
});

test("the premium of an option that is bought is gone as soon as the trade is in flight; one that is sold brings none", () => {
  const trade = (vegaUsdPerVolPoint: number): PendingEffect[] => {
    const gridPnlUsd = STANDARD_GRID.map(() => 0);
    const optionExposure = {
      expiryMs: NOW_MS,
      gammaUnitsPerUsd: 0,
      vegaUsdPerVolPoint,
      gridPnlUsd,
    };
    const amounts = { amountUsd: 700, amountOutOfShardRaw: "0", expectedDeltaUnits: 0 };
    return pendingEffects([aJobRecord({ kind: "option-trade", optionExposure, ...amounts })]);
  };
  const book = { shard: "base", cashUsd: 10_000, calls: -1 } as const;
  const before = assess(book);
  const [bought, sold] = [assess(book, trade(3)), assess(book, trade(-3))];
  expect(bought.collateralUsdAfterHaircut).toBeCloseTo(before.collateralUsdAfterHaircut - 700, 9);
  expect(sold.collateralUsdAfterHaircut).toBe(before.collateralUsdAfterHaircut);
  expect(bought.surplusUsd).toBeCloseTo(before.surplusUsd - 700, 9);
});

test.each(["lend-move", "margin-move", "perp-change", "option-trade"] as const)(
  "cash that a %s in flight takes out of the vault is not free, and is not lost to the shard",
  (kind) => {
    const jobs = [aJobRecord({ kind, amountOutOfShardRaw: "4000000000" })];
    const one = assess({ shard: "base", cashUsd: 10_000 }, pendingEffects(jobs));
    expect(one.freeCashRaw).toBe(6_000_000_000n);
    expect(one.collateralUsdAfterHaircut).toBe(10_000);
  },
);

test("cash that a buy in flight will spend is not free", () => {
  const one = assess({ shard: "base", cashUsd: 10_000 }, pendingEffects([aJobRecord()]));
  expect(one.freeCashRaw).toBe(0n);
});

test.each([
  { collateral: 90, required: 100, surplus: -10 },
  { collateral: 100, required: 100, surplus: 0 },
  { collateral: 120, required: 100, surplus: 0 },
  { collateral: 130, required: 100, surplus: 5 },
  { collateral: 5, required: 0, surplus: 5 },
])("with $collateral against $required the surplus over a buffer of 1.25 is $surplus", (o) => {
  expect(surplusUsd(o.collateral, o.required, 1.25)).toBe(o.surplus);
});

test("worst loss is zero for an empty position and grows with either sign of a spot position", () => {
  const { eth } = assess({ shard: "base" });
  const largest = Math.max(...STANDARD_GRID.map((one) => Math.abs(one.spotShock) * one.weight));
  expect(worstLossUsd(eth, 0)).toBe(0);
  expect(worstLossUsd(eth, 3)).toBeCloseTo(3 * 2000 * 0.18, 6);
  expect(worstLossUsd(eth, -3)).toBeCloseTo(3 * 2000 * largest, 6);
});
