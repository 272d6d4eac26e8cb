import { blackScholes, type OptionValue } from "#shared/risk/pricing/black-scholes.ts";
import {
  type OptionMarket,
  type OptionPosition,
  positionVolatility,
} from "#shared/risk/pricing/option-position.ts";
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
