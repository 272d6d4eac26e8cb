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
} from "#test/support/agent-snapshot.ts";

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
