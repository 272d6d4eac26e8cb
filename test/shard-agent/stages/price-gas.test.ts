import fc from "fast-check";
import { expect, test } from "vitest";
import {
  gasFeeCapWei,
  gasTermsOf,
  openingFees,
  replacementFees,
} from "#shard-agent/stages/price-gas.ts";
import type { PerpChangeParams, SwapParams, TransferParams } from "#shared/wire/rebalance-job.ts";
import {
  aScope,
  aSnapshot,
  ETH_TOKEN,
  SETTLEMENT_TOKEN,
} from "#test/support/agent/agent-snapshot.ts";
import {
  PERP_CHANGE_PARAMS,
  SWAP_PARAMS,
  TRANSFER_PARAMS,
} from "#test/support/agent/rebalance-job.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const GWEI = 10n ** 9n;
/** No ceiling on one unit of gas. */
const TERMS = { terms: {} };
const SPEND: SwapParams = {
  ...(SWAP_PARAMS as SwapParams),
  assetIn: SETTLEMENT_TOKEN,
  assetOut: ETH_TOKEN,
  amountInRaw: "1000000000",
};

const PERP = PERP_CHANGE_PARAMS as PerpChangeParams;

test("gas may cost one per cent of what is spent, at the snapshot's prices", () => {
  // 1 % of 1000 USD at 2000 USD per ETH.
  expect(gasFeeCapWei(SPEND, aSnapshot(), aScope())).toBe(5n * 10n ** 15n);
  const transfer: TransferParams = {
    ...(TRANSFER_PARAMS as TransferParams),
    amountRaw: "2000000000",
  };
  expect(gasFeeCapWei(transfer, aSnapshot(), aScope())).toBe(10n ** 16n);
});

test("gas may cost one per cent of a perpetual's value at its underlying's price, whatever its sign", () => {
  const curie = {
    adapter: address20("7c"),
    clearingHouse: address20("c0"),
    quoteFrom: address20("c1"),
    markets: [{ market: PERP.market, underlying: "ETH", depthUsd: [1_000] }],
  };
  const none = { desk: address20("0d"), aaveV3: null, lyraV1: null };
  const scope = aScope({ positionVenues: { ...none, curie } });
  // 1 % of half an ETH.
  for (const sizeE18 of ["500000000000000000", "-500000000000000000"])
    expect(gasFeeCapWei({ ...PERP, sizeE18 }, aSnapshot(), scope)).toBe(5n * 10n ** 15n);
  const absolute = 5n * 10n ** 16n;
  expect(
    gasFeeCapWei(PERP, aSnapshot(), aScope({ positionVenues: { ...none, curie: null } })),
  ).toBe(absolute);
});

test("gas may cost one per cent of a sold hedge", () => {
  const sale = { ...SPEND, assetIn: ETH_TOKEN, assetOut: SETTLEMENT_TOKEN };
  const half = { ...sale, amountInRaw: String(5n * 10n ** 17n) };
  expect(gasFeeCapWei(half, aSnapshot(), aScope())).toBe(5n * 10n ** 15n);
});

test("gas may cost one per cent of the most an exact output may spend", () => {
  const { amountInRaw, minAmountOutRaw, ...place } = SPEND;
  const exact = { ...place, kind: "swap-exact-output", amountOutRaw: minAmountOutRaw } as const;
  expect(gasFeeCapWei({ ...exact, maxAmountInRaw: amountInRaw }, aSnapshot(), aScope())).toBe(
    5n * 10n ** 15n,
  );
});

test("the absolute cap holds for large jobs, for housekeeping and where the native price is unknown", () => {
  const absolute = 5n * 10n ** 16n;
  const large = { ...SPEND, amountInRaw: "100000000000" };
  expect(gasFeeCapWei(large, aSnapshot(), aScope())).toBe(absolute);
  expect(gasFeeCapWei(null, aSnapshot(), aScope())).toBe(absolute);
  const unknown = { ...aScope().gasFees, nativeUnderlying: null };
  expect(gasFeeCapWei(SPEND, aSnapshot(), aScope({ gasFees: unknown }))).toBe(absolute);
});

test("first fees are twice the base fee and a tip of 1 gwei", () => {
  const room = { baseFeeWei: 10n * GWEI, gasLimit: 500_000n, gasFeeCapWei: 10n ** 17n, ...TERMS };
  expect(openingFees(room)).toEqual({
    maxFeePerGasWei: 21n * GWEI,
    maxPriorityFeePerGasWei: GWEI,
  });
});

test("a tight cap lowers the first fee, and one below the next base fee refuses", () => {
  const room = { baseFeeWei: 10n * GWEI, gasLimit: 1_000_000n, ...TERMS };
  const tight = openingFees({ ...room, gasFeeCapWei: 13n * GWEI * 1_000_000n });
  expect(tight?.maxFeePerGasWei).toBe(13n * GWEI);
  expect(openingFees({ ...room, gasFeeCapWei: 12n * GWEI * 1_000_000n })).toBeNull();
});

test("a replacement follows a base fee that rose tenfold", () => {
  const previous = { maxFeePerGasWei: 21n * GWEI, maxPriorityFeePerGasWei: GWEI };
  const room = { baseFeeWei: 100n * GWEI, gasLimit: 100_000n, gasFeeCapWei: 10n ** 17n, ...TERMS };
  expect(replacementFees(previous, room)).toEqual({
    maxFeePerGasWei: 201_125_000_000n,
    maxPriorityFeePerGasWei: 1_125_000_000n,
  });
});

test("every replacement raises both fees by an eighth at least and stays under its cap, or is none", () => {
  const fee = fc.bigInt({ min: 1n, max: 10n ** 12n });
  fc.assert(
    fc.property(
      fee,
      fee,
      fee,
      fc.bigInt({ min: 21_000n, max: 3_000_000n }),
      (one, two, baseFeeWei, gasLimit) => {
        const [maxPriorityFeePerGasWei, maxFeePerGasWei] = one < two ? [one, two] : [two, one];
        const room = { baseFeeWei, gasLimit, gasFeeCapWei: 10n ** 17n, ...TERMS };
        const fees = replacementFees({ maxFeePerGasWei, maxPriorityFeePerGasWei }, room);
        if (fees === null) {
          expect(((maxFeePerGasWei * 9n + 7n) / 8n) * gasLimit).toBeGreaterThan(
            room.gasFeeCapWei - gasLimit,
          );
          return;
        }
        expect(fees.maxFeePerGasWei * 8n).toBeGreaterThanOrEqual(maxFeePerGasWei * 9n);
        expect(fees.maxPriorityFeePerGasWei * 8n).toBeGreaterThanOrEqual(
          maxPriorityFeePerGasWei * 9n,
        );
        expect(fees.maxPriorityFeePerGasWei).toBeLessThanOrEqual(fees.maxFeePerGasWei);
        expect(fees.maxFeePerGasWei * gasLimit).toBeLessThanOrEqual(room.gasFeeCapWei);
      },
    ),
  );
});

test("one unit of gas never costs more than its ceiling, and above it nothing is sent, replaced or offered", () => {
  const terms = { maxFeePerGasWei: (15n * GWEI).toString() };
  const room = { baseFeeWei: 10n * GWEI, gasLimit: 100_000n, gasFeeCapWei: 10n ** 17n, terms };
  expect(openingFees(room)?.maxFeePerGasWei).toBe(15n * GWEI);
  expect(openingFees({ ...room, baseFeeWei: 13n * GWEI })).toBeNull();
  const previous = { maxFeePerGasWei: 14n * GWEI, maxPriorityFeePerGasWei: GWEI };
  expect(replacementFees(previous, room)).toBeNull();
  const scope = aScope({ gasFees: { ...aScope().gasFees, ...terms } });
  const block = { ...aSnapshot().block, baseFeeWei: 13n * GWEI };
  expect(gasTermsOf(aSnapshot({ block }), scope).maxFeeWei).toBe("0");
  expect(gasTermsOf(aSnapshot(), scope).maxFeeWei).toBe(aScope().gasFees.maxGasFeeWei);
  expect(gasTermsOf(aSnapshot(), scope, 5n).maxFeeWei).toBe("5");
});
