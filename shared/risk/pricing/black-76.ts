import { blackScholes, type OptionValue } from "#shared/risk/pricing/black-scholes.ts";
import type { OptionInputs } from "#shared/risk/pricing/option-terms.ts";

/** Inputs of Black's model: as {@link OptionInputs}, from the forward price of the same expiry. */
export type ForwardOptionInputs = Omit<OptionInputs, "spotUsd" | "carry"> & {
  /** Forward (or futures) price in USD for delivery at expiry. */
  readonly forwardUsd: number;
};

/**
 * Price and Greeks of one European option, long, on a forward: the generalised model at carry 0.
 *
 * Delta, gamma and vanna are to the forward and discounted: delta = e^(-rate·years) N(d1) for a call. Rho
 * moves the discounting only. Carry rho is that of the generalised model at carry 0, at a fixed rate.
 *
 * @throws {RangeError} If an input is out of its domain; the message names it (the forward as spotUsd).
 * @see Black, "The pricing of commodity contracts", J. Financial Economics 3 (1976).
 */
export function black76(inputs: ForwardOptionInputs): OptionValue {
  const { forwardUsd, ...rest } = inputs;
  return blackScholes({ ...rest, spotUsd: forwardUsd, carry: 0 });
}
