import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { impliedVolatility } from "#shared/risk/pricing/implied-volatility.ts";
import { type OptionInputs, optionTerms } from "#shared/risk/pricing/option-terms.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";

/** Any option of the whole range, from a ten-thousandth of a deviation a year to total volatility 20. */
const anyContract = fc
  .record({
    type: fc.constantFrom("call" as const, "put" as const),
    spotUsd: numberIn(-2, 6).map((power) => 10 ** power),
    years: numberIn(-4, 1.3).map((power) => 10 ** power),
    totalVolatility: numberIn(-4, 1.3).map((power) => 10 ** power),
    deviations: fc.oneof(fc.constant(0), numberIn(-3, 3), numberIn(-25, 25)),
    rate: fc.oneof(fc.constant(0), numberIn(-0.05, 0.2)),
    carry: fc.oneof(fc.constant(0), numberIn(-0.1, 0.2)),
  })
  .map(({ deviations, totalVolatility, ...rest }) => ({
    ...rest,
    volatility: totalVolatility / Math.sqrt(rest.years),
    strikeUsd: rest.spotUsd * Math.exp(rest.carry * rest.years + deviations * totalVolatility),
  }))
  .filter(({ strikeUsd }) => strikeUsd > 1e-200 && strikeUsd < 1e200);

/** Distance in units in the last place of the larger leg. */
function ulps(option: OptionInputs, error: number): number {
  const { forwardLegUsd, strikeLegUsd } = optionTerms(option);
  const scale = Math.max(forwardLegUsd, strikeLegUsd);
  return Math.abs(error) / 2 ** (Math.floor(Math.log2(scale)) - 52);
}

function bounds(option: OptionInputs): [number, number] {
  const { forwardLegUsd, strikeLegUsd } = optionTerms(option);
  const [near, far] =
    option.type === "call" ? [forwardLegUsd, strikeLegUsd] : [strikeLegUsd, forwardLegUsd];
  return [Math.max(0, near - far), near];
}

test("pricing the answer again agrees within 4 ulp of the larger leg, for a model's price", () => {
  fc.assert(
    fc.property(anyContract, (option) => {
      const { priceUsd } = blackScholes(option);
      const found = impliedVolatility({ ...option, priceUsd });
      if ("error" in found) {
        expect(priceUsd).toBeGreaterThanOrEqual(bounds(option)[1]);
        return;
      }
      expect(
        ulps(option, blackScholes({ ...option, ...found }).priceUsd - priceUsd),
      ).toBeLessThanOrEqual(4);
    }),
    { numRuns: 1500 },
  );
});

test("pricing the answer again agrees within 4 ulp of the larger leg, for any price inside the bounds", () => {
  const anyShare = fc.oneof(
    numberIn(0, 1),
    numberIn(-300, 0).map((p) => 10 ** p),
    numberIn(-15, 0).map((p) => 1 - 10 ** p),
  );
  fc.assert(
    fc.property(anyContract, anyShare, (option, share) => {
      const [lower, upper] = bounds(option);
      const priceUsd = lower + share * (upper - lower);
      fc.pre(priceUsd < upper);
      const found = impliedVolatility({ ...option, priceUsd });
      expect(found).toHaveProperty("volatility");
      const volatility = "volatility" in found ? found.volatility : Number.NaN;
      expect(
        ulps(option, blackScholes({ ...option, volatility }).priceUsd - priceUsd),
      ).toBeLessThanOrEqual(4);
    }),
    { numRuns: 1500 },
  );
});

/** Once found: 1.0001e-12 off at a total volatility of 0.0014. */
const TINY_TOTAL_VOLATILITY = {
  type: "put" as const,
  spotUsd: 1,
  years: 11.952881292090712,
  rate: -0.04494928492761034,
  carry: 0.2,
  volatility: 0.0004135107651484843,
  strikeUsd: 10.91978474818863,
};

test("out of the money the volatility itself comes back", () => {
  fc.assert(
    fc.property(anyContract, (option) => {
      const isOutOfTheMoney = (option.type === "call") === optionTerms(option).logMoneyness < 0;
      const { priceUsd } = blackScholes(option);
      const total = option.volatility * Math.sqrt(option.years);
      fc.pre(isOutOfTheMoney && priceUsd > 1e-280 && total < 4);
      const found = impliedVolatility({ ...option, priceUsd });
      // The logarithm of moneyness is known to a few units in the last place, which a small total volatility magnifies.
      const tolerance = Math.max(1e-12, (16 * Number.EPSILON) / total);
      expect(
        Math.abs(("volatility" in found ? found.volatility : Number.NaN) / option.volatility - 1),
      ).toBeLessThan(tolerance);
    }),
    { numRuns: 1000, examples: [[TINY_TOTAL_VOLATILITY]] },
  );
});

describe("the edges of the range", () => {
  const CALL = { type: "call" as const, spotUsd: 120, strikeUsd: 100, years: 0.5, rate: 0 };
  test.each([
    [CALL, 20, { volatility: 0 }],
    [CALL, 19.999999999999996, { error: "below-intrinsic" }],
    [CALL, -1, { error: "below-intrinsic" }],
    [CALL, 120, { error: "above-maximum" }],
    [CALL, 500, { error: "above-maximum" }],
    [{ ...CALL, type: "put" as const }, 0, { volatility: 0 }],
    [{ ...CALL, type: "put" as const }, 100, { error: "above-maximum" }],
  ])("%# a price of %f", (option, priceUsd, answer) => {
    expect(impliedVolatility({ ...option, priceUsd })).toEqual(answer);
  });

  test("a discounted lower bound that was rounded another way still gives 0", () => {
    const option = { ...CALL, rate: 0.07, carry: 0.03 };
    const priceUsd = 120 * Math.exp(-0.04 * 0.5) - 100 / Math.exp(0.07 * 0.5);
    for (const step of [-1, 0]) {
      expect(impliedVolatility({ ...option, priceUsd: priceUsd + step * 2 ** -46 })).toEqual({
        volatility: 0,
      });
    }
  });

  test("expiry and a price that is no number are refused by name", () => {
    expect(() => impliedVolatility({ ...CALL, years: 0, priceUsd: 20 })).toThrow(
      "years: 0; must be > 0",
    );
    expect(() => impliedVolatility({ ...CALL, priceUsd: Number.NaN })).toThrow("priceUsd: NaN");
  });
});
