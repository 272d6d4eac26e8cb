import { growthFactor } from "#shared/risk/statistics/double-double.ts";

/** Right to buy (call) or to sell (put) at the strike. */
export type OptionType = "call" | "put";

/** Inputs of the generalised Black-Scholes-Merton model for one European option, long. */
export type OptionInputs = {
  readonly type: OptionType;
  /** Price of the underlying; with `carry` 0 the forward price, which makes the model Black-76. */
  readonly spotUsd: number;
  readonly strikeUsd: number;
  /** Time to expiry in years (ACT/365F). */
  readonly years: number;
  /** Annual volatility as a fraction: 0.8 is 80 %. */
  readonly volatility: number;
  /** Continuously compounded interest rate, for discounting. */
  readonly rate: number;
  /** Cost of carry: forward = spot x e^(carry x years). When left out it equals the rate and moves with it. */
  readonly carry?: number;
};

/** The four numbers every formula is made of. */
export type OptionTerms = {
  /** spot x e^((carry - rate) x years) in USD: what the underlying leg is worth now. */
  readonly forwardLegUsd: number;
  /** strike x e^(-rate x years) in USD: what the strike leg is worth now. */
  readonly strikeLegUsd: number;
  /** ln(forward / strike); positive when the call is in the money. */
  readonly logMoneyness: number;
  /** e^((carry - rate) x years). */
  readonly carryDiscount: number;
};

/**
 * The two legs and the log-moneyness of an option, each to about one ulp.
 *
 * @throws {RangeError} If an input is out of its domain; the message names it.
 */
export function optionTerms(inputs: Omit<OptionInputs, "volatility" | "type">): OptionTerms {
  requireDomain(inputs);
  const carry = inputs.carry ?? inputs.rate;
  const carryDiscount = growthFactor(carry, -inputs.rate, inputs.years);
  return {
    forwardLegUsd: inputs.spotUsd * carryDiscount,
    strikeLegUsd: inputs.strikeUsd * growthFactor(-inputs.rate, 0, inputs.years),
    logMoneyness: logRatio(inputs.spotUsd, inputs.strikeUsd) + carry * inputs.years,
    carryDiscount,
  };
}

/** ln(numerator / denominator) of two positive numbers, exact to an ulp also where they are close. */
export function logRatio(numerator: number, denominator: number): number {
  const ratio = numerator / denominator;
  if (ratio > 0.5 && ratio < 2) {
    return Math.log1p((numerator - denominator) / denominator);
  }
  return ratio > 1e-300 && ratio < 1e300
    ? Math.log(ratio)
    : Math.log(numerator) - Math.log(denominator);
}

function requireDomain(inputs: Omit<OptionInputs, "volatility" | "type">): void {
  requirePositive("spotUsd", inputs.spotUsd);
  requirePositive("strikeUsd", inputs.strikeUsd);
  requireNotNegative("years", inputs.years);
  requireFinite("rate", inputs.rate);
  if (inputs.carry !== undefined) {
    requireFinite("carry", inputs.carry);
  }
}

/** @throws {RangeError} Unless `value` is finite and above zero. */
export function requirePositive(name: string, value: number): void {
  if (!Number.isFinite(value) || value <= 0) {
    throw new RangeError(`${name}: ${value}; must be > 0`);
  }
}

/** @throws {RangeError} Unless `value` is finite and at least zero. */
export function requireNotNegative(name: string, value: number): void {
  if (!Number.isFinite(value) || value < 0) {
    throw new RangeError(`${name}: ${value}; must be >= 0`);
  }
}

/** @throws {RangeError} Unless `value` is finite. */
export function requireFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) {
    throw new RangeError(`${name}: ${value}; must be finite`);
  }
}
