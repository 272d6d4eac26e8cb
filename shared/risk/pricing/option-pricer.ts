import { blackScholes, type OptionValue } from "#shared/risk/pricing/black-scholes.ts";
import {
  type OptionMarket,
  type OptionPosition,
  positionVolatility,
} from "#shared/risk/pricing/option-position.ts";
import type { SviSlice } from "#shared/risk/volatility/svi-slice.ts";
import { yearsBetween } from "#shared/units/time.ts";

type Strike = Pick<OptionPosition, "strikeUsd" | "expiryMs">;
type Series = Strike & Pick<OptionPosition, "type">;

/** The options of one market: volatility is read off the surface once per strike, and each series valued once. */
export type OptionPricer = {
  readonly market: OptionMarket;
  /**
   * Annual volatility of a strike, as positionVolatility gives it.
   *
   * @throws {RangeError} As positionVolatility.
   */
  readonly volatilityOf: (strike: Strike) => number;
  /**
   * Value and Greeks of one option of a series, long: what valueOption says of a quantity of 1, but for gamma at expiry.
   *
   * @throws {RangeError} As valueOption.
   */
  readonly valueOfOne: (series: Series) => OptionValue;
};

/** What is known of one strike so far. */
type Known = { readonly volatility: number; call: OptionValue | null; put: OptionValue | null };

/** {@link OptionPricer} of one market; nothing is worked out before it is asked for. */
export function optionPricer(market: OptionMarket): OptionPricer {
  const byExpiry = new Map<number, Map<number, Known>>();
  const knownOf = ({ strikeUsd, expiryMs }: Strike): Known => {
    let byStrike = byExpiry.get(expiryMs);
    if (byStrike === undefined) {
      byStrike = new Map();
      byExpiry.set(expiryMs, byStrike);
    }
    let known = byStrike.get(strikeUsd);
    if (known === undefined) {
      const volatility = positionVolatility({ strikeUsd, expiryMs }, market);
      known = { volatility, call: null, put: null };
      byStrike.set(strikeUsd, known);
    }
    return known;
  };
  const { spotUsd, nowMs, rate = 0, carry } = market;
  const value = ({ type, strikeUsd, expiryMs }: Series, volatility: number): OptionValue => {
    const years = Math.max(0, yearsBetween(nowMs, expiryMs));
    const inputs = { type, spotUsd, strikeUsd, years, volatility, rate };
    return blackScholes(carry === undefined ? inputs : { ...inputs, carry });
  };
  return {
    market,
    volatilityOf: (strike) => knownOf(strike).volatility,
    valueOfOne: (series) => {
      const known = knownOf(series);
      known[series.type] ??= value(series, known.volatility);
      return known[series.type] as OptionValue;
    },
  };
}

const SLICE_FIELDS = ["expiryMs", "a", "b", "rho", "m", "sigma"] as const;

/** Whether all options are worth the same in both, to the bit. */
function isSameMarket(one: OptionMarket, other: OptionMarket): boolean {
  return (
    Object.is(one.spotUsd, other.spotUsd) &&
    Object.is(one.nowMs, other.nowMs) &&
    Object.is(one.rate, other.rate) &&
    Object.is(one.carry, other.carry) &&
    one.slices.length === other.slices.length &&
    one.slices.every((slice, index) => isSameSlice(slice, other.slices[index]))
  );
}

function isSameSlice(one: SviSlice, other: SviSlice | undefined): boolean {
  return other !== undefined && SLICE_FIELDS.every((field) => Object.is(one[field], other[field]));
}

/** Gives the pricer of a market; `name` tells markets that live at the same time apart. */
export type PricerSource = (name: string, market: OptionMarket) => OptionPricer;

/** A {@link PricerSource} that gives the newest pricer of a name again while its market is the same to the bit. */
export function keptPricers(): PricerSource {
  const newest = new Map<string, OptionPricer>();
  return (name, market) => {
    const before = newest.get(name);
    if (before !== undefined && isSameMarket(before.market, market)) return before;
    const pricer = optionPricer(market);
    newest.set(name, pricer);
    return pricer;
  };
}
