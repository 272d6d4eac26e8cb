import { expect, test } from "vitest";
import { uniswapV3Venue } from "#shard-agent/venues/uniswap-v3.ts";
import {
  anEthAsset,
  aScope,
  aSnapshot,
  BLOCK_MS,
  ETH_POOL,
  ETH_TOKEN,
  SETTLEMENT_TOKEN,
} from "#test/support/agent/agent-snapshot.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const VENUE = uniswapV3Venue(aScope());

test("depth is asked both ways at the same value in USD, ascending", () => {
  const requests = VENUE.depthRequests(aSnapshot());
  expect(requests.map((one) => [one.assetIn, one.assetOut, one.amountInRaw])).toEqual([
    [SETTLEMENT_TOKEN, ETH_TOKEN, 1_000_000_000n],
    [SETTLEMENT_TOKEN, ETH_TOKEN, 30_000_000_000n],
    [ETH_TOKEN, SETTLEMENT_TOKEN, 5n * 10n ** 17n],
    [ETH_TOKEN, SETTLEMENT_TOKEN, 15n * 10n ** 18n],
  ]);
  expect(requests.every((one) => one.pool === ETH_POOL && one.fee === 500)).toBe(true);
});

test("answers become one capacity line per pool; what cannot be filled stays 0", () => {
  const depth = VENUE.depthRequests(aSnapshot()).map((one, index) => ({
    ...one,
    amountOutRaw: BigInt(index),
  }));
  expect(VENUE.capacity(aSnapshot({ depth }))).toEqual([
    expect.objectContaining({
      venue: "uniswap-v3",
      pool: ETH_POOL,
      underlying: "ETH",
      feeFraction: 0.0005,
      buy: [
        { amountInRaw: "1000000000", amountOutRaw: "0" },
        { amountInRaw: "30000000000", amountOutRaw: "1" },
      ],
      sell: [
        { amountInRaw: "500000000000000000", amountOutRaw: "2" },
        { amountInRaw: "15000000000000000000", amountOutRaw: "3" },
      ],
    }),
  ]);
});

test("without a price nothing is asked on that side", () => {
  const price = { priceE8: 0n, roundId: 1n, updatedAtMs: BLOCK_MS };
  const requests = VENUE.depthRequests(aSnapshot({ hedgeAssets: [anEthAsset({ price })] }));
  expect(requests.every((one) => one.assetIn === SETTLEMENT_TOKEN)).toBe(true);
});

const POOL = aSnapshot().pools[0];

test.each([
  { name: "at its mean", change: {}, accepts: true, off: 0 },
  { name: "below its mean", change: { spotTick: 199_950 }, accepts: true, off: 1.0001 ** -50 - 1 },
  {
    name: "too far above it",
    change: { spotTick: 200_090, takesTrades: false },
    accepts: false,
    off: 1.0001 ** 90 - 1,
  },
  {
    name: "without a history",
    change: { twapTick: null, takesTrades: false },
    accepts: false,
    off: null,
  },
])("a pool $name says so", ({ change, accepts, off }) => {
  if (POOL === undefined) throw new Error("a pool expected");
  const [line] = VENUE.capacity(aSnapshot({ pools: [{ ...POOL, ...change }] }));
  // In this pool the settlement asset comes first: a higher tick is a lower price of the underlying.
  const expected = off === null ? null : 1 / (1 + off) - 1;
  expect(line?.acceptsTrades).toBe(accepts);
  expect(line?.meanPrice?.windowSeconds).toBe(60);
  expect(line?.meanPrice?.limitFraction).toBeCloseTo(1.0001 ** 80 - 1, 12);
  if (expected === null) expect(line?.meanPrice?.spotOverMeanFraction).toBeNull();
  else expect(line?.meanPrice?.spotOverMeanFraction).toBeCloseTo(expected, 12);
});

test("where the underlying comes first a higher tick is a higher price", () => {
  if (POOL === undefined) throw new Error("a pool expected");
  const scope = aScope();
  const settlement = { ...scope.settlement, token: address20("ff") };
  const snapshot = aSnapshot({ pools: [{ ...POOL, spotTick: 200_010 }] });
  const [line] = uniswapV3Venue({ ...scope, settlement }).capacity(snapshot);
  expect(line?.meanPrice?.spotOverMeanFraction).toBeCloseTo(1.0001 ** 10 - 1, 12);
});

test("a pool nobody read takes no trades", () => {
  const [line] = VENUE.capacity(aSnapshot({ pools: [] }));
  expect(line).toMatchObject({ acceptsTrades: false, meanPrice: null });
});
