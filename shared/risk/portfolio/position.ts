import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { optionPrice } from "#shared/risk/pricing/black-scholes-price.ts";
import { type Greeks, mapGreeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import type { MarketMove, OptionPosition } from "#shared/risk/pricing/option-position.ts";
import { type OptionInputs, optionTerms } from "#shared/risk/pricing/option-terms.ts";
import { shockedVolatility } from "#shared/risk/scenarios/volatility-shock.ts";
import {
  carryTo,
  marketVolatility,
  type UnderlyingMarket,
} from "#shared/risk/volatility/underlying-market.ts";
import { yearsBetween } from "#shared/units/time.ts";

/** Units of the underlying held (negative: owed). */
type SpotPosition = {
  readonly kind: "spot";
  readonly underlying: string;
  readonly quantity: number;
};

/** A perpetual swap on the underlying, margined and settled in USD: its value is always 0. */
type PerpetualPosition = {
  readonly kind: "perpetual";
  readonly underlying: string;
  readonly quantity: number;
  /** Funding a long pays, as a fraction of notional per year; 0 when left out. */
  readonly fundingPerYear?: number;
};

/** An obligation to buy (negative: to sell) at a fixed price on a day; without a price, at today's forward. */
export type ForwardPosition = {
  readonly kind: "forward";
  readonly underlying: string;
  readonly quantity: number;
  readonly expiryMs: number;
  /** Delivery price in USD; the market's forward when left out, which makes the value 0. */
  readonly strikeUsd?: number;
};

/** Anything a book may hold on one underlying. */
export type Position =
  | SpotPosition
  | PerpetualPosition
  | ForwardPosition
  | ({ readonly kind: "option" } & OptionPosition);

/** Greeks of a position, its value in USD and its sensitivity to carry. */
export type PositionValue = Greeks & {
  readonly valueUsd: number;
  /** Change of value in USD per rise of the cost of carry by one point (0.01) at a fixed rate. */
  readonly carryRhoUsdPerCarryPoint: number;
};

const POINT = 0.01;
const DAYS_PER_YEAR = 365;

/** Nothing held. */
export const ZERO_POSITION_VALUE: PositionValue = {
  ...ZERO_GREEKS,
  valueUsd: 0,
  carryRhoUsdPerCarryPoint: 0,
};

/** Value and Greeks of two positions together. */
export function addPositionValues(left: PositionValue, right: PositionValue): PositionValue {
  return {
    ...mapGreeks(left, (value, name) => value + right[name]),
    valueUsd: left.valueUsd + right.valueUsd,
    carryRhoUsdPerCarryPoint: left.carryRhoUsdPerCarryPoint + right.carryRhoUsdPerCarryPoint,
  };
}

/**
 * Value in USD and Greeks of any position, scaled by its signed quantity. Delta is to spot.
 *
 * @throws {RangeError} If the market or the position is out of its domain; the message names the input.
 */
export function valuePosition(position: Position, market: UnderlyingMarket): PositionValue {
  const { quantity } = position;
  switch (position.kind) {
    case "spot":
      return { ...ZERO_POSITION_VALUE, deltaUnits: quantity, valueUsd: quantity * market.spotUsd };
    case "perpetual": {
      const fundingUsd = quantity * market.spotUsd * (position.fundingPerYear ?? 0);
      const thetaUsdPerDay = fundingUsd === 0 ? 0 : -fundingUsd / DAYS_PER_YEAR;
      return { ...ZERO_POSITION_VALUE, deltaUnits: quantity, thetaUsdPerDay };
    }
    case "forward":
      return valueForward(position, market);
    case "option":
      return valueOptionPosition(position, market);
  }
}

/**
 * Profit and loss in USD of a position when the market moves at once, by full revaluation: sticky strike,
 * forwards move with spot, carry and rate stay. Gains are positive.
 *
 * @throws {RangeError} As {@link valuePosition}.
 */
export function positionPnlUsd(
  position: Position,
  market: UnderlyingMarket,
  moves: readonly MarketMove[],
): number[] {
  const { quantity } = position;
  if (position.kind === "option") {
    return optionPnlUsd(position, market, moves);
  }
  const growth = position.kind === "forward" ? forwardLegPerUnit(position, market) : 1;
  return moves.map((move) => quantity * market.spotUsd * growth * move.spotShock);
}

function valueForward(position: ForwardPosition, market: UnderlyingMarket): PositionValue {
  const years = Math.max(0, yearsBetween(market.nowMs, position.expiryMs));
  const carry = carryTo(market, position.expiryMs);
  const effective = carry ?? market.rate;
  const legUsd = position.quantity * market.spotUsd * forwardLegPerUnit(position, market);
  const strikeUsd = position.strikeUsd ?? market.spotUsd * Math.exp(effective * years);
  const strikeLegUsd = position.quantity * strikeUsd * Math.exp(-market.rate * years);
  const valueUsd = position.strikeUsd === undefined ? 0 : legUsd - strikeLegUsd;
  const growthUsd = (effective - market.rate) * legUsd + market.rate * strikeLegUsd;
  return {
    ...ZERO_POSITION_VALUE,
    valueUsd,
    deltaUnits: legUsd / market.spotUsd,
    thetaUsdPerDay: years === 0 || growthUsd === 0 ? 0 : -growthUsd / DAYS_PER_YEAR,
    rhoUsdPerRatePoint: POINT * years * (carry === undefined ? strikeLegUsd : -valueUsd),
    carryRhoUsdPerCarryPoint: POINT * years * legUsd,
  };
}

/** e^((carry - rate) years): present value of one USD of spot delivered at expiry. */
function forwardLegPerUnit(position: ForwardPosition, market: UnderlyingMarket): number {
  const years = Math.max(0, yearsBetween(market.nowMs, position.expiryMs));
  const carry = carryTo(market, position.expiryMs) ?? market.rate;
  return Math.exp((carry - market.rate) * years);
}

function valueOptionPosition(position: OptionPosition, market: UnderlyingMarket): PositionValue {
  const inputs = optionInputsOf(position, market);
  const value = blackScholes(inputs);
  const { quantity } = position;
  if (quantity === 0) {
    return ZERO_POSITION_VALUE;
  }
  return {
    ...mapGreeks(value, (greek, name) =>
      inputs.years === 0 && name === "gammaUnitsPerUsd" ? 0 : greek * quantity,
    ),
    valueUsd: value.priceUsd * quantity,
    carryRhoUsdPerCarryPoint: value.carryRhoUsdPerCarryPoint * quantity,
  };
}

function optionPnlUsd(
  position: OptionPosition,
  market: UnderlyingMarket,
  moves: readonly MarketMove[],
): number[] {
  const inputs = optionInputsOf(position, market);
  const price = (moved: OptionInputs) =>
    optionPrice(moved.type, optionTerms(moved), moved.volatility * Math.sqrt(moved.years));
  const nowUsd = price(inputs);
  return moves.map((move) => {
    const volatility = shockedVolatility(inputs.volatility, {
      volShock: move.volShock,
      tenorScaled: move.tenorScaled ?? false,
      years: inputs.years,
    });
    const movedUsd = price({
      ...inputs,
      volatility,
      spotUsd: inputs.spotUsd * (1 + move.spotShock),
    });
    return position.quantity * (movedUsd - nowUsd);
  });
}

/** The model's inputs for one option of the position. */
export function optionInputsOf(position: OptionPosition, market: UnderlyingMarket): OptionInputs {
  const carry = carryTo(market, position.expiryMs);
  return {
    type: position.type,
    spotUsd: market.spotUsd,
    strikeUsd: position.strikeUsd,
    years: Math.max(0, yearsBetween(market.nowMs, position.expiryMs)),
    volatility: marketVolatility(market, position),
    rate: market.rate,
    ...(carry === undefined ? {} : { carry }),
  };
}
