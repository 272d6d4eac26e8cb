import { dividedUp } from "#shared/evm/uniswap-v3-price.ts";

/** A live series as the option book keeps it: strike with 8 decimals, quantities with 18. */
type LiveSeries = {
  readonly underlying: string;
  readonly isCall: boolean;
  readonly strike: bigint;
  readonly takersLong: bigint;
  readonly takersShort: bigint;
};

const BPS = 10_000n;
/** Decimals of a quantity times those of a price. */
const QUANTITY_PRICE_UNIT = 10n ** 26n;

/**
 * What the option book counts as the vault's liabilities, in raw units of the settlement asset, to the unit: for every
 * series that takers hold long on balance, intrinsic value and margin at the feed, each series rounded up.
 *
 * @param priceE8 The feed's price of an underlying, USD with 8 decimals.
 * @see contracts/src/OptionBook.sol, liabilities.
 */
export function optionLiabilities(
  series: readonly LiveSeries[],
  o: {
    readonly priceE8: (underlying: string) => bigint;
    readonly marginBps: bigint;
    readonly settlementDecimals: number;
  },
): bigint {
  const unit = 10n ** BigInt(o.settlementDecimals);
  return series.reduce((total, { underlying, isCall, strike, takersLong, takersShort }) => {
    const net = takersLong - takersShort;
    if (net <= 0n) return total;
    const spot = o.priceE8(underlying);
    const difference = isCall ? spot - strike : strike - spot;
    const intrinsic = difference > 0n ? difference : 0n;
    const perOption = intrinsic + dividedUp(spot * o.marginBps, BPS);
    return total + dividedUp(net * perOption * unit, QUANTITY_PRICE_UNIT);
  }, 0n);
}
