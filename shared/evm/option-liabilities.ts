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
/** Decimals of a quantity and of a price together; the settlement asset's are fewer. */
const QUANTITY_PRICE_DECIMALS = 26;

/** The feed's price of an underlying, and the margin that one option of it takes. */
type Price = { readonly spot: bigint; readonly margin: bigint };

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
  const { marginBps } = o;
  const perUnit = 10n ** BigInt(QUANTITY_PRICE_DECIMALS - o.settlementDecimals);
  const prices = new Map<string, Price>();
  const priceOf = (underlying: string): Price => {
    const spot = o.priceE8(underlying);
    const price = { spot, margin: dividedUp(spot * marginBps, BPS) };
    prices.set(underlying, price);
    return price;
  };
  let total = 0n;
  for (const { underlying, isCall, strike, takersLong, takersShort } of series) {
    if (takersLong <= takersShort) continue;
    const { spot, margin } = prices.get(underlying) ?? priceOf(underlying);
    const difference = isCall ? spot - strike : strike - spot;
    const perOption = difference > 0n ? difference + margin : margin;
    total += dividedUp((takersLong - takersShort) * perOption, perUnit);
  }
  return total;
}
