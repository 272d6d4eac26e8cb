import fc from "fast-check";
import { expect, test } from "vitest";
import { lineKey } from "#coordinator/records/safety/chain-audit.ts";
import { askChain, QUESTIONS_MAX } from "#coordinator/stages/audit/ask-chain.ts";
import { compareWithChain } from "#coordinator/stages/audit/compare-chain.ts";
import { correctedEntry } from "#coordinator/stages/audit/correct-entry.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { auditOf } from "#test/support/coordinator/chain-audit.ts";
import {
  anEntry,
  anOption,
  aShardSetup,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aFullReport } from "#test/support/coordinator/full-report.ts";
import { anOptionMarket } from "#test/support/coordinator/option-market.ts";
import { aPerpLine } from "#test/support/coordinator/perp-line.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const SETUP = aShardSetup("base");
const GUID = hash32("9d");
const ASKED = { jobIds: [hash32("0b")], guids: new Set<string>([GUID]), turn: 0 };

const CAPS = {
  tradesLeftRaw: "7",
  transfersLeftRaw: "8",
  venues: [{ adapter: address20("ad"), leftRaw: "9", mayGrow: false }],
};

/** An honest report with something at every venue. */
function honest(): ShardReport {
  const { report } = anEntry({ shard: "base", hedgeUnits: 5 });
  const full = aFullReport(1);
  const market = anOptionMarket({ held: 3, cashUsd: 50 });
  const longs = market.series.map(({ seriesId, type, strikeUsd, expiryMs }) => {
    const terms = { seriesId, type, strikeUsd, expiryMs, quantity: 3 };
    return { ...anOption(terms), venue: "lyra-v1" as const };
  });
  const [cash, weth] = report.collateral;
  if (cash === undefined || weth === undefined) throw new Error("no collateral");
  return {
    ...report,
    lending: full.lending,
    perps: [aPerpLine()],
    optionMarkets: [market],
    book: longs,
    collateral: [
      cash,
      weth,
      { ...cash, location: "venue-margin", amountRaw: "4456700000" },
      { ...weth, location: "lending", amountRaw: "3500000000000000000" },
    ],
    caps: CAPS,
    consumedJobs: full.consumedJobs,
    deliveredTransfers: full.deliveredTransfers,
  };
}

function lookAt(report: ShardReport) {
  const asked = askChain(report, SETUP, ASKED);
  const truth = honest();
  const audit = auditOf(truth, SETUP, askChain(truth, SETUP, ASKED));
  const look = { audit, setup: SETUP, asked, guids: ASKED.guids, depthToleranceFraction: 0.001 };
  return compareWithChain(report, look);
}

test("an honest report with something at every venue agrees with its chain", () => {
  expect(lookAt(honest())).toBeUndefined();
});

/** Every field of a line of `list` that the chain decides, with a lie about it, and how it is named. */
type Lie = readonly [string, (report: ShardReport) => Partial<ShardReport>, string];

const perps = (change: Partial<ShardReport["perps"][number]>) => (report: ShardReport) => ({
  perps: report.perps.map((one) => ({ ...one, ...change })),
});
const lending = (change: Partial<ShardReport["lending"][number]>) => (report: ShardReport) => ({
  lending: report.lending.map((one) => ({ ...one, ...change })),
});
const market = (change: Partial<ShardReport["market"][number]>) => (report: ShardReport) => ({
  market: report.market.map((one) => ({ ...one, ...change })),
});
const block = (change: Partial<ShardReport["block"]>) => (report: ShardReport) => ({
  block: { ...report.block, ...change },
});
const credit =
  (change: Partial<ShardReport["deliveredTransfers"][number]>) => (report: ShardReport) => ({
    deliveredTransfers: report.deliveredTransfers.map((one) => ({ ...one, ...change })),
  });
const capacity = (change: Partial<ShardReport["capacity"][number]>) => (report: ShardReport) => ({
  capacity: report.capacity.map((one) => ({ ...one, ...change })),
});
const atVenues =
  (location: "venue-margin" | "lending" | "in-transit", amountRaw: string) =>
  (report: ShardReport) => ({
    collateral: report.collateral.map((one) =>
      one.location === "vault" ? one : { ...one, location, amountRaw },
    ),
  });
const longs = (change: Partial<ShardReport["book"][number]>) => (report: ShardReport) => ({
  book: report.book.map((one) => ({ ...one, ...change })),
});
const [SLICE] = honest().market[0]?.volatility ?? [];

const LIES: readonly Lie[] = [
  ["the number of its block", block({ number: 121 }), "block.number 120"],
  ["the time of its block", block({ timestampMs: NOW_MS }), "block.timestampMs"],
  ["a spot", market({ spotUsd: 2200 }), "ETH spotUsd 2000"],
  ["the age of a spot", market({ spotUpdatedAtMs: NOW_MS }), "ETH spotUpdatedAtMs"],
  ["no volatility", market({ volatility: [] }), "ETH volatility[0].expiryMs"],
  [
    "a volatility",
    market({ volatility: SLICE === undefined ? [] : [{ ...SLICE, b: 3 }] }),
    "ETH volatility[0].b",
  ],
  [
    "a slice that is not there",
    ({ market: lines }) => ({
      market: lines.map((one) => ({ ...one, volatility: [...one.volatility, ...one.volatility] })),
    }),
    "ETH volatility[1].expiryMs undefined",
  ],
  ["an underlying without its market", () => ({ market: [] }), "ETH spotUsd 2000"],
  [
    "the price of its cash",
    ({ collateral }) => ({ collateral: collateral.map((one) => ({ ...one, priceUsd: 1.5 })) }),
    "USDX in vault: priceUsd 1",
  ],
  ["money at venues", atVenues("venue-margin", "9000000000000"), "USDX at venues 4456700000"],
  ["money on its way that no chain knows", atVenues("in-transit", "1"), "USDX at venues"],
  ["what it has supplied", lending({ suppliedRaw: "1" }), "suppliedRaw 3500000000000000000"],
  ["a debt's health", lending({ healthFactor: 3 }), "healthFactor null"],
  ["what a pool could pay out", lending({ availableRaw: "5" }), "availableRaw 9"],
  ["a pool that is closed", lending({ allowsWithdrawal: false }), "allowsWithdrawal true"],
  ["no lending", () => ({ lending: [] }), "suppliedRaw"],
  ["an account of no desk", lending({ adapter: address20("99") }), "lending"],
  ["a position", perps({ sizeE18: "0" }), "sizeE18 -3000000000000000000"],
  ["what it paid", perps({ openNotionalUsd: -1 }), "openNotionalUsd -6010"],
  ["a mark", perps({ markUsd: 2500 }), "markUsd 2001"],
  ["funding that a hedge there would be paid", perps({ fundingFractionPerDay: -1 }), "0.0005"],
  ["an index", perps({ indexUsd: 2500 }), "indexUsd 2000"],
  ["an account's value", perps({ accountValueUsd: 9e6 }), "accountValueUsd 5007"],
  ["free margin", perps({ freeMarginRaw: "9" }), "freeMarginRaw 4406700000"],
  ["a margin ratio", perps({ marginRatio: 9 }), "marginRatio 0.83"],
  ["a margin requirement", perps({ initialMarginFraction: 0.01 }), "initialMarginFraction 0.1"],
  [
    "when it is liquidated",
    perps({ maintenanceMarginFraction: 0.01 }),
    "maintenanceMarginFraction 0.0625",
  ],
  ["a market that is another's", perps({ underlying: "BTC" }), "underlying eth"],
  ["no position at all", () => ({ perps: [] }), "sizeE18"],
  ["one position twice", ({ perps: all }) => ({ perps: [...all, ...all] }), "one line"],
  ["a market that is none", perps({ market: address20("99") }), "perps"],
  [
    "cash of an option account",
    ({ optionMarkets }) => ({
      optionMarkets: optionMarkets.map((one) => ({ ...one, cashRaw: "1" })),
    }),
    "cashRaw 50000000",
  ],
  ["more longs", longs({ quantity: 30 }), "quantity 3"],
  ["other longs", longs({ strikeUsd: 1 }), "strikeUsd"],
  ["no longs", () => ({ book: [] }), "longs"],
  [
    "longs that its book does not have",
    ({ optionMarkets }) => ({
      optionMarkets: optionMarkets.map((one) => ({
        ...one,
        series: one.series.map((series) => ({ ...series, heldE18: "9000000000000000000" })),
      })),
    }),
    "held of series",
  ],
  ["a credit in another block", credit({ blockNumber: 900 }), "credited in block 900: nothing"],
  ["a credit of another amount", credit({ amountRaw: "50000" }), "5000"],
  ["the price of gas", ({ chain }) => ({ chain: { ...chain, baseFeeWei: "1" } }), "baseFeeWei"],
  ["what lending earns", lending({ supplyRatePerYear: 9 }), "supplyRatePerYear"],
  ["a perpetual's fee", perps({ feeFraction: 0 }), "feeFraction"],
  ["the floor under its margin", perps({ marginRatioFloor: 0.9 }), "marginRatioFloor"],
  [
    "what the desk's caps allow",
    () => ({ caps: { ...CAPS, tradesLeftRaw: "900" } }),
    "trades 7, transfers 8",
  ],
  [
    "a venue that is being left",
    () => ({ caps: { ...CAPS, venues: CAPS.venues.map((one) => ({ ...one, mayGrow: true })) } }),
    "shrinks",
  ],
  ["a pool's fee", capacity({ feeFraction: 0 }), "feeFraction 0.0005"],
  ["a pool that takes no trades", capacity({ acceptsTrades: false }), "acceptsTrades true"],
];

test.each(LIES)("a report that lies about %s is found out by name", (_, lie, found) => {
  const report = honest();
  const mismatch = lookAt({ ...report, ...lie(report) });
  expect(mismatch?.found.toLowerCase()).toContain(found.toLowerCase());
  expect(mismatch?.said).not.toBe(mismatch?.found);
});

test("a lie about any point of depth is found out within so many looks, with its tolerance", () => {
  const truth = honest();
  const [pool] = truth.capacity;
  const [perp] = truth.perps;
  if (pool === undefined || perp === undefined) throw new Error("no depth");
  const points = pool.buy.length + pool.sell.length;
  const turns = Math.ceil(points / QUESTIONS_MAX) + 1;
  const side = fc.constantFrom("buy", "sell");
  const lieOf = fc.record({ side, at: fc.nat(), of: fc.constantFrom("pool", "perp") } as const);
  fc.assert(
    fc.property(lieOf, fc.constantFrom(0.99, 1.01), (lie, factor) => {
      const list = lie.of === "pool" ? pool[lie.side as "buy"] : perp[lie.side as "buy"];
      const index = lie.at % list.length;
      const change = (raw: string): string => String(BigInt(Math.round(Number(raw) * factor)));
      const liar: ShardReport = {
        ...truth,
        capacity: [
          lie.of === "pool"
            ? {
                ...pool,
                [lie.side]: pool[lie.side as "buy"].map((one, at) =>
                  at === index ? { ...one, amountOutRaw: change(one.amountOutRaw) } : one,
                ),
              }
            : pool,
        ],
        perps: [
          lie.of === "perp"
            ? {
                ...perp,
                [lie.side]: perp[lie.side as "buy"].map((one, at) =>
                  at === index ? { ...one, quoteE18: change(one.quoteE18) } : one,
                ),
              }
            : perp,
        ],
      };
      const found = Array.from({ length: turns }, (_, turn) => {
        const asked = askChain(liar, SETUP, { ...ASKED, turn });
        const audit = auditOf(truth, SETUP, asked);
        const look = { audit, setup: SETUP, asked, guids: ASKED.guids };
        return compareWithChain(liar, { ...look, depthToleranceFraction: 0.001 });
      });
      const mismatch = found.find((one) => one !== undefined);
      expect(mismatch?.found).toContain("within a fraction of 0.001");
    }),
  );
});

test("a report of many lines costs no more questions than one of few, and none that no chain could answer", () => {
  const { perps: [perp] = [], capacity: [pool] = [], ...rest } = honest();
  if (pool === undefined || perp === undefined) throw new Error("no depth");
  const many = {
    ...rest,
    perps: Array.from({ length: 64 }, () => perp),
    capacity: Array.from({ length: 64 }, () => pool),
    deliveredTransfers: rest.deliveredTransfers.map((one) => ({ ...one, blockNumber: 1e9 })),
  };
  const asked = askChain(many, SETUP, ASKED);
  expect(asked.pools.length).toBeLessThanOrEqual(QUESTIONS_MAX);
  expect(asked.perpMarkets.length).toBeLessThanOrEqual(QUESTIONS_MAX);
  expect(asked.depth.length).toBeLessThanOrEqual(QUESTIONS_MAX);
  expect(asked.perpDepth.length).toBeLessThanOrEqual(QUESTIONS_MAX);
  expect(asked.credits).toEqual([]);
});

test("more pools than are asked for at once are no lie, and a lie about any of them is found in its turn", () => {
  const report = honest();
  const [pool] = report.capacity;
  if (pool === undefined) throw new Error("no pool");
  const capacity = Array.from({ length: QUESTIONS_MAX + 4 }, (_, at) => {
    return { ...pool, pool: address20(`${10 + at}`), buy: [], sell: [] };
  });
  const truth = { ...report, capacity };
  const lastLies = capacity.map((one, at) => {
    return at === capacity.length - 1 ? { ...one, feeFraction: 0.5 } : one;
  });
  const lookedAt = (said: ShardReport, turn: number) => {
    const asked = askChain(said, SETUP, { ...ASKED, turn });
    const audit = auditOf(truth, SETUP, asked);
    // The chain is told by its pools that were asked for, and by no others.
    const keys = asked.pools.map((one) => lineKey(one.adapter, one.pool));
    const lines = audit.venues.lines.filter(({ list, key }) => {
      return list !== "capacity" || keys.includes(key);
    });
    const found = { ...audit, venues: { ...audit.venues, lines } };
    const look = { audit: found, setup: SETUP, asked, guids: ASKED.guids };
    return compareWithChain(said, { ...look, depthToleranceFraction: 0.001 });
  };
  expect([0, 1].map((turn) => lookedAt(truth, turn))).toEqual([undefined, undefined]);
  const liar = { ...truth, capacity: lastLies };
  expect([0, 1].map((turn) => lookedAt(liar, turn)?.said)).toEqual([
    undefined,
    expect.stringContaining("feeFraction 0.5"),
  ]);
});

test("what is left of a liar's report has the position that it hid, and nothing to trade on", () => {
  const truth = honest();
  const asked = askChain(truth, SETUP, ASKED);
  const audit = auditOf(truth, SETUP, asked);
  const liar = { ...truth, perps: [], optionMarkets: [], collateral: truth.collateral.slice(0, 2) };
  const { report } = correctedEntry({ report: liar, acceptedAtMs: NOW_MS }, audit, SETUP);
  expect(report.perps).toMatchObject([{ sizeE18: "-3000000000000000000", acceptsTrades: false }]);
  expect(report.perps[0]?.buy).toEqual([]);
  const margin = report.collateral.find((one) => {
    return one.location === "venue-margin" && one.underlying === null;
  });
  expect(margin?.amountRaw).toBe("4456700000");
  expect(report.deliveredTransfers).toHaveLength(1);
});
