import { describe, expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import { breakerKey, newBreaker } from "#coordinator/records/safety/breaker-state.ts";
import { NO_SAFETY } from "#coordinator/records/safety/safety-input.ts";
import { NEW_SAFETY } from "#coordinator/records/safety/safety-memory.ts";
import type { OrderProgress, ShardOrder } from "#coordinator/records/safety/shard-order.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import {
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  aShardSetup,
  EXPIRY_MS,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { anOptionMarket } from "#test/support/coordinator/option-market.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const DRAIN: ShardOrder = { kind: "drain", target: null, reason: "leaving", sinceMs: NOW_MS };
const UNTIL = new Date(EXPIRY_MS).toISOString();

/** What a perpetual's transaction of 900,000 gas asks of a job's notional: 90 USD and more. */
const GAS_TERMS: ShardReport["gasTerms"] = {
  feePerGasWei: "1000000000",
  gasLimitMultiplier: 1,
  maxFeeWei: "1000000000000000000",
  share: { nativeUsd: 2000, maxFractionOfNotional: 0.0225 },
};

/** How far an order is at a shard that holds nothing but cash it needs and what is given. */
function progressOf(
  change: Partial<ShardReport>,
  o: {
    readonly kind?: "drain" | "flatten";
    readonly dustUsd?: number;
    readonly hedgeUnits?: number;
    readonly cashUsd?: number;
    readonly native?: string;
    /** What the shard's own feed says, for so long that it is not trusted any more. */
    readonly spotUsd?: number;
  } = {},
): OrderProgress | undefined {
  const {
    kind = "drain",
    dustUsd,
    hedgeUnits = 0,
    cashUsd = 100,
    native = "ETH",
    spotUsd = 2000,
  } = o;
  const entries = [
    anEntry({ shard: "base", cashUsd, hedgeUnits, spotUsd, change }),
    anEntry({ shard: "arbitrum" }),
    anEntry({ shard: "optimism" }),
  ];
  const orders = dustUsd === undefined ? {} : { orders: { dustUsd } };
  const off = newBreaker("oracleDisagreement", "shard:base");
  const tripped = { ...off, reduceOnly: { ...off.reduceOnly, isOn: spotUsd !== 2000 } };
  const breakers = { [breakerKey(off)]: tripped };
  const safety = {
    ...NO_SAFETY,
    memory: { ...NEW_SAFETY, breakers, orders: { base: { ...DRAIN, kind } } },
  };
  const policy = aPolicy({}, orders);
  const input = aPassInput(entries, { policy, safety });
  const setups = new Map(input.setups).set("base", aShardSetup("base", { nativeTicker: native }));
  return planPass({ ...input, setups }).decision.safety.orders[0];
}

const perp = (worthUsd: number): Partial<ShardReport> => ({
  perps: [aPerpMarket({ sizeUnits: worthUsd / 2000, marginUsd: worthUsd })],
  gasTerms: GAS_TERMS,
});

describe("a perpetual that its agent will not pay to close", () => {
  test.each([
    ["less than a cent", 0.002, undefined],
    ["less than the dust of the policy", 0.9, undefined],
    ["less than what a policy calls dust", 40, 50],
  ])("and is worth %s keeps no order from being done, and is named", (_name, worthUsd, dustUsd) => {
    for (const kind of ["drain", "flatten"] as const) {
      const progress = progressOf(perp(worthUsd), {
        kind,
        ...(dustUsd === undefined ? {} : { dustUsd }),
      });
      expect(progress).toMatchObject({ state: "done", waitingFor: [] });
      const why = "cannot be closed now: base: its agent pays the gas of 90.00 USD and more";
      const what = `ETH: perpetual at curie worth ${worthUsd.toFixed(6)} USD`;
      // Of less than a cent nothing is said but that it is nothing to trade.
      expect(progress?.left.join()).toContain(worthUsd < 0.01 ? what : `${what}: ${why}`);
    }
  });

  test.each([
    ["more than that", 1.1, undefined],
    ["little, where the policy calls nothing dust,", 0.002, 0],
  ])("and is worth %s is waited for", (_name, worthUsd, dustUsd) => {
    const progress = progressOf(perp(worthUsd), dustUsd === undefined ? {} : { dustUsd });
    expect(progress).toMatchObject({ state: "blocked" });
    expect(progress?.waitingFor.join()).toContain("ETH: perpetual at curie:");
  });

  test("does not keep another position from being closed", () => {
    const [dust] = perp(0.002).perps ?? [];
    const big = aPerpMarket({
      sizeUnits: 0.4,
      marginUsd: 800,
      change: { market: hash32("77").slice(0, 42) as `0x${string}` },
    });
    if (dust === undefined) throw new Error("no perpetual");
    const perps = [dust, big];
    const alone = { kind: "flatten", cashUsd: 5_000 } as const;
    const progress = progressOf({ perps, gasTerms: GAS_TERMS }, alone);
    expect(progress).toMatchObject({ state: "working", waitingFor: [] });
    expect(progress?.left).toHaveLength(1);
  });
});

test("a perpetual is dust by what our own books say, not by its shard's feed", () => {
  const perps = [aPerpMarket({ sizeUnits: 0.04, marginUsd: 80 })];
  const progress = progressOf({ perps, gasTerms: GAS_TERMS }, { kind: "flatten", spotUsd: 0.001 });
  expect(progress).toMatchObject({ state: "blocked", left: [] });
  expect(progress?.waitingFor.join()).toContain("ETH: perpetual at curie: cannot be closed now");
});

test("a perpetual worth less than dust is closed all the same where its agent pays for it", () => {
  const progress = progressOf({ ...perp(0.9), gasTerms: null }, { hedgeUnits: 1 });
  expect(progress?.left.join()).not.toContain("perpetual");
});

test("longs that nobody buys keep no order from being done when they are worth less than dust", () => {
  const market = anOptionMarket({ held: 0.001 });
  const series = market.series.slice(0, 1);
  const held = { ...market, series, acceptsTrades: false };
  const book = series.map(({ seriesId, type, strikeUsd, expiryMs }) => {
    return {
      ...anOption({ seriesId, type, strikeUsd, expiryMs, quantity: 0.001 }),
      venue: "lyra-v1" as const,
    };
  });
  const progress = progressOf({ optionMarkets: [held], book });
  expect(progress).toMatchObject({ state: "done" });
  expect(progress?.left.join()).toMatch(
    /^ETH: options at lyra-v1 worth 0\.0\d+ USD: nothing can be sold back now$/,
  );
  expect(progressOf({ optionMarkets: [held], book }, { dustUsd: 0 })?.state).toBe("blocked");
});

test("money at a venue that is not worth its gas is named, from a cent on", () => {
  const cashOf = (usd: number) => ({ perps: [aPerpMarket({ marginUsd: usd })] });
  const [some, none] = [0.5, 0.005].map((usd) => progressOf(cashOf(usd)));
  expect(some).toMatchObject({ state: "done" });
  expect(some?.left).toEqual([
    `cash at ${aPerpMarket().adapter} worth 0.50 USD: not worth its gas`,
  ]);
  expect(none).toMatchObject({ state: "done", left: [] });
});

test("money whose gas has no price is waited for, and not called unworthy of it", () => {
  const progress = progressOf({ perps: [aPerpMarket({ marginUsd: 5_000 })] }, { native: "POL" });
  expect(progress).toMatchObject({ state: "blocked", left: [] });
  expect(progress?.waitingFor).toEqual([
    `cash at ${aPerpMarket().adapter}: its gas has no price now`,
  ]);
});

test.each(["drain", "flatten"] as const)(
  "a position without a price keeps a %s from being done",
  (kind) => {
    const perps = [aPerpMarket({ underlying: "BTC", sizeUnits: 1, marginUsd: 5_000 })];
    const progress = progressOf({ perps }, { kind });
    expect(progress?.state).not.toBe("done");
    expect(progress?.waitingFor[0]).toBe("BTC: cannot be valued: no policy for this underlying");
  },
);

describe("a delta that a shard cannot sell", () => {
  const shortPuts = [anOption({ type: "put", quantity: -10 })];

  test("is told by what gives it, and until when", () => {
    const [waits] = progressOf({ book: shortPuts }, { kind: "flatten" })?.waitingFor ?? [];
    expect(waits).toMatch(
      /^ETH: base: no hedge to sell; its delta of \+4\.\d{4} is of options of its own book \(\+4\.\d{4}, the last expires /,
    );
    expect(waits).toContain(`the last expires ${UNTIL})`);
  });

  test("is told part by part, the largest first, with what works against it", () => {
    const longs = { ...anOption({ quantity: 3 }), venue: "lyra-v1" as const };
    const perps = [aPerpMarket({ sizeUnits: -1, marginUsd: 0 })];
    const waits = progressOf(
      { book: [...shortPuts, longs], perps },
      { kind: "flatten" },
    )?.waitingFor;
    const text = waits?.join() ?? "";
    expect(text).toMatch(/own book \(\+4.*options at lyra-v1 \(\+1.*perpetuals \(-1\.0000\)/);
  });

  test("is not told where tokens are there to be sold", () => {
    const progress = progressOf({ book: shortPuts }, { kind: "flatten", hedgeUnits: 20 });
    expect(progress?.waitingFor.join()).not.toContain("is of");
  });
});
