import { expect, test } from "vitest";
import type { ViewReader } from "#shard-agent/ports/venue.ts";
import { curieVenue } from "#shard-agent/venues/curie.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const USD = 10n ** 18n;
const SCOPE = {
  adapter: address20("7c"),
  clearingHouse: address20("c0"),
  quoteFrom: address20("c1"),
  markets: [{ market: address20("7d"), underlying: "ETH", depthUsd: [50_000, 1_000] }],
};

/** Curie with a short of 2 units at 2000 USD, changed by name; depth is filled up to 10 units. */
function answers(change: Readonly<Record<string, unknown>> = {}): ViewReader {
  const world: Readonly<Record<string, unknown>> = {
    getVault: address20("c2"),
    getAccountBalance: address20("c3"),
    getExchange: address20("c4"),
    getClearingHouseConfig: address20("c5"),
    getMarketRegistry: address20("c6"),
    getPriceFeed: address20("c7"),
    getChainlinkPriceFeedV3: address20("c8"),
    paused: false,
    isOpen: true,
    isTimedOut: false,
    getLastValidTimestamp: 1_790_000_000n,
    getAccountValue: 1_000n * USD,
    getFreeCollateralByToken: 600_000_000n,
    getSettlementToken: address20("a0"),
    decimals: 6,
    getTotalAbsPositionValue: 4_000n * USD,
    getImRatio: 100_000,
    getMmRatio: 62_500,
    healthFloorOf: USD / 10n,
    getMaxFundingRate: 100_000,
    getTwapInterval: 900,
    getFeeRatio: 1_000,
    getTakerPositionSize: -2n * USD,
    getTakerOpenNotional: 4_010n * USD,
    getMarkPrice: 2_000n * USD,
    getIndexPrice: 2_000n * USD,
    getPendingFundingPayment: 3n * USD,
    getSqrtMarketTwapX96: sqrtX96(2_010),
    ...change,
  };
  return async ({ name, args, from, ifReverts }) => {
    if (name !== "openPosition") return world[name];
    expect(from).toBe(SCOPE.quoteFrom);
    const [{ amount }] = args as [{ amount: bigint }];
    return amount > 10n * USD ? ifReverts?.value : [amount, amount * 2_000n];
  };
}

function sqrtX96(price: number): bigint {
  return BigInt(Math.round(Math.sqrt(price) * 2 ** 64)) * 2n ** 32n;
}

async function read(change: Readonly<Record<string, unknown>> = {}) {
  const { perps, collateral } = await curieVenue(SCOPE, address20("de")).read(answers(change));
  const [line] = perps;
  if (line === undefined) throw new Error("one line expected");
  return { line, held: collateral[0]?.amountRaw };
}

test("the floor that the vault's desk keeps under mandates is told", async () => {
  expect((await read()).line.marginRatioFloor).toBeCloseTo(0.1, 12);
});

test("a short received its notional: its cost is negative", async () => {
  expect((await read()).line).toMatchObject({
    sizeE18: String(-2n * USD),
    openNotionalUsd: -4_010,
  });
});

test("a long paid its notional: its cost is positive", async () => {
  const long = { getTakerPositionSize: 2n * USD, getTakerOpenNotional: -4_010n * USD };
  expect((await read(long)).line.openNotionalUsd).toBe(4_010);
});

test.each([
  { name: "a market above the index charges longs", twap: 2_010, perDay: 0.005 },
  { name: "a market below the index charges shorts", twap: 1_980, perDay: -0.01 },
  { name: "the venue's limit is the most", twap: 3_000, perDay: 0.1 },
  { name: "and the least", twap: 1_000, perDay: -0.1 },
])("funding: $name", async ({ twap, perDay }) => {
  const { line } = await read({ getSqrtMarketTwapX96: sqrtX96(twap) });
  expect(line.fundingFractionPerDay).toBeCloseTo(perDay, 12);
});

test.each([
  { name: "free collateral, when it is less", value: 1_000n * USD, held: 600_000_000n },
  {
    name: "the account's value, rounded down, when that is less",
    value: 5n * USD + 1n,
    held: 5_000_000n,
  },
  { name: "nothing of an account that is worth nothing", value: 0n, held: 0n },
  { name: "nothing of an account that owes", value: -7n * USD, held: 0n },
])("what could be taken out is $name", async ({ value, held }) => {
  expect((await read({ getAccountValue: value })).held).toBe(held);
});

test("the margin ratio is value over exposure, also when it is negative, and none without exposure", async () => {
  expect((await read()).line.marginRatio).toBe(0.25);
  expect((await read({ getAccountValue: -400n * USD })).line.marginRatio).toBe(-0.1);
  expect((await read({ getTotalAbsPositionValue: 0n })).line.marginRatio).toBeNull();
});

test.each([
  { name: "a paused house", change: { paused: true } },
  { name: "a paused or closed market", change: { isOpen: false } },
])("$name takes no trades", async ({ change }) => {
  expect((await read(change)).line.acceptsTrades).toBe(false);
  expect((await read()).line.acceptsTrades).toBe(true);
});

test("depth ascends, and what Curie refuses is 0", async () => {
  const { line } = await read();
  const depth = [
    { sizeE18: String(USD / 2n), quoteE18: String(1_000n * USD) },
    { sizeE18: String(25n * USD), quoteE18: "0" },
  ];
  expect(line.buy).toEqual(depth);
  expect(line.sell).toEqual(depth);
});

test("a stale index is told with its time", async () => {
  const { line } = await read({ isTimedOut: true });
  expect(line).toMatchObject({ isIndexTimedOut: true, indexUpdatedAtMs: 1_790_000_000_000 });
});
