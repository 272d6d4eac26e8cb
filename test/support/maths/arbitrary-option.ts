import fc from "fast-check";
import type { OptionInputs } from "#shared/risk/pricing/option-terms.ts";

/** Any double in a range, edges included. */
export function numberIn(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
}

/** Any option within a few standard deviations of its forward. */
export function anyOption(type: "call" | "put"): fc.Arbitrary<OptionInputs & { carry: number }> {
  return fc
    .record({
      spotUsd: numberIn(1, 100_000),
      deviations: numberIn(-4, 4),
      years: numberIn(0.001, 5),
      volatility: numberIn(0.05, 2),
      rate: numberIn(-0.05, 0.2),
      carry: numberIn(-0.1, 0.2),
    })
    .map(({ deviations, ...rest }) => ({
      type,
      ...rest,
      strikeUsd: rest.spotUsd * Math.exp(deviations * rest.volatility * Math.sqrt(rest.years)),
    }));
}
