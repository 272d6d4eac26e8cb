import { blackScholes, type OptionValue } from "#shared/risk/pricing/black-scholes.ts";
import { mapGreeks } from "#shared/risk/pricing/greeks.ts";
import type { OptionType } from "#shared/risk/pricing/option-terms.ts";
import { shockedVolatility } from "#shared/risk/scenarios/volatility-shock.ts";
import { growthFactor } from "#shared/risk/statistics/double-double.ts";
import type { SviSlice } from "#shared/risk/volatility/svi-slice.ts";
import { volatilityAt } from "#shared/risk/volatility/volatility-surface.ts";
import { yearsBetween } from "#shared/units/time.ts";

/** A signed number of European, cash-settled options of one series. */
export type OptionPosition = {
  readonly underlying: string;
  readonly type: OptionType;
  readonly strikeUsd: number;
  readonly expiryMs: number;
  /** Options held: positive long, negative short. */
  readonly quantity: number;
};

/** What values the options of one underlying, at one instant. */
export type OptionMarket = {
  readonly spotUsd: number;
  /** Volatility surface, see volatility-surface.ts. */
  readonly slices: readonly SviSlice[];
  readonly nowMs: number;
  /** Continuously compounded interest rate; 0 when left out. */
  readonly rate?: number;
  /** Cost of carry; equal to the rate, and moving with it, when left out. */
  readonly carry?: number;
};

/** A move of the market before valuing. Sticky strike: volatility is read at the unmoved spot. */
export type MarketMove = {
  readonly spotShock: number;
  readonly volShock: number;
  readonly tenorScaled?: boolean;
};

const NO_MOVE: MarketMove = { spotShock: 0, volShock: 0 };

/**
 * Value and Greeks of the whole position (scaled by its signed quantity), in USD.
 *
 * From expiry on the value is intrinsic and gamma is 0, also at the strike: the payoff is fixed by settlement.
 *
 * @throws {RangeError} If the market or the position is out of its domain, or the surface has no live slice.
 */
export function valueOption(position: OptionPosition, market: OptionMarket): OptionValue {
  const years = Math.max(0, yearsBetween(market.nowMs, position.expiryMs));
  const value = blackScholes(optionInputs(position, market, { years, move: NO_MOVE }));
  const { quantity } = position;
  if (quantity === 0) {
    return { ...mapGreeks(value, () => 0), priceUsd: 0, carryRhoUsdPerCarryPoint: 0 };
  }
  const greeks = mapGreeks(value, (greek, name) =>
    years === 0 && name === "gammaUnitsPerUsd" ? 0 : greek * quantity,
  );
  return {
    ...greeks,
    priceUsd: value.priceUsd * quantity,
    carryRhoUsdPerCarryPoint: value.carryRhoUsdPerCarryPoint * quantity,
  };
}

/** Annual volatility the surface gives the position's series; 0 from expiry on. */
export function positionVolatility(
  position: Pick<OptionPosition, "strikeUsd" | "expiryMs">,
  market: OptionMarket,
): number {
  const years = yearsBetween(market.nowMs, position.expiryMs);
  if (years <= 0) {
    return 0;
  }
  const carry = market.carry ?? market.rate ?? 0;
  return volatilityAt(market.slices, {
    forwardUsd: market.spotUsd * growthFactor(carry, 0, years),
    strikeUsd: position.strikeUsd,
    expiryMs: position.expiryMs,
    nowMs: market.nowMs,
  });
}

/** Model inputs of one option of the position after a move of the market. */
export function optionInputs(
  position: Pick<OptionPosition, "type" | "strikeUsd" | "expiryMs">,
  market: OptionMarket,
  at: { readonly years: number; readonly move: MarketMove; readonly volatility?: number },
) {
  const volatility = at.volatility ?? positionVolatility(position, market);
  const inputs = {
    type: position.type,
    spotUsd: market.spotUsd * (1 + at.move.spotShock),
    strikeUsd: position.strikeUsd,
    years: at.years,
    volatility: shockedVolatility(volatility, {
      volShock: at.move.volShock,
      tenorScaled: at.move.tenorScaled ?? false,
      years: at.years,
    }),
    rate: market.rate ?? 0,
  };
  return market.carry === undefined ? inputs : { ...inputs, carry: market.carry };
}
