import type { PerpLine } from "#shared/wire/shard-report.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

/** An ETH perpetual at 2000 USD: short 3 units on 5000 USD of margin, 0.1 % fee, depth to 30 units. */
export function aPerpLine(change: Partial<PerpLine> = {}): PerpLine {
  const unit = 10n ** 18n;
  const depth = (quoteUsd: readonly number[]) =>
    [1, 10, 30].map((units, index) => ({
      sizeE18: (BigInt(units) * unit).toString(),
      quoteE18: (BigInt(quoteUsd[index] ?? 0) * unit).toString(),
    }));
  return {
    venue: "curie",
    adapter: address20("7c"),
    market: address20("7d"),
    underlying: "ETH",
    marginToken: address20("c0"),
    marginDecimals: 6,
    sizeE18: "-3000000000000000000",
    openNotionalUsd: -6_010,
    markUsd: 2_001,
    indexUsd: 2_000,
    accountValueUsd: 5_007,
    freeMarginRaw: "4406700000",
    marginRatio: 5_007 / 6_003,
    initialMarginFraction: 0.1,
    maintenanceMarginFraction: 0.0625,
    marginRatioFloor: 0,
    fundingFractionPerDay: 0.0005,
    pendingFundingUsd: -0.25,
    feeFraction: 0.001,
    gasUnits: 1_200_000,
    marginGasUnits: 600_000,
    acceptsTrades: true,
    isIndexTimedOut: false,
    indexUpdatedAtMs: 1_789_999_999_000,
    buy: depth([2_004, 20_060, 60_360]),
    sell: depth([1_998, 19_960, 59_640]),
    ...change,
  };
}
