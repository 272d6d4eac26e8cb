import fc from "fast-check";
import { expect, test } from "vitest";
import { addGreeks, mapGreeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import { type OptionPosition, valueOption } from "#shared/risk/pricing/option-position.ts";
import { optionPricer } from "#shared/risk/pricing/option-pricer.ts";
import { summedGreeks } from "#shared/risk/pricing/summed-greeks.ts";

const NOW_MS = 1_790_000_000_000;
const DAY_MS = 86_400_000;
const slice = (days: number) => {
  return { expiryMs: NOW_MS + days * DAY_MS, a: 0.004, b: 0.1, rho: -0.3, m: 0.02, sigma: 0.15 };
};
const market = { spotUsd: 3_000, nowMs: NOW_MS, slices: [slice(7), slice(30), slice(180)] };

const positions = fc.array(
  fc.record({
    underlying: fc.constant("ETH"),
    type: fc.constantFrom("call", "put"),
    // Few strikes and expiries, so that they repeat; some at the money, some expired.
    strikeUsd: fc.constantFrom(1_500, 2_400, 3_000, 3_300, 9_000),
    expiryMs: fc.constantFrom(-1, 0, 1, 7, 45, 400).map((days) => NOW_MS + days * DAY_MS),
    quantity: fc.oneof(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.constant(0)),
  }),
  { maxLength: 40 },
) as fc.Arbitrary<OptionPosition[]>;

test("sums are those of the positions one by one, to the last bit", () => {
  fc.assert(
    fc.property(positions, (held) => {
      const one = held.reduce(
        (sum, position) => addGreeks(sum, valueOption(position, market)),
        ZERO_GREEKS,
      );
      const all = summedGreeks(held, optionPricer(market));
      expect(all).toEqual(mapGreeks(one, (greek) => greek));
    }),
  );
});
