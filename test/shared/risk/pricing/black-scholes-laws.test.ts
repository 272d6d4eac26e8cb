import fc from "fast-check";
import { expect, test } from "vitest";
import { blackScholes, type OptionValue } from "#shared/risk/pricing/black-scholes.ts";
import type { OptionInputs } from "#shared/risk/pricing/option-terms.ts";
import { anyOption, numberIn } from "#test/support/maths/arbitrary-option.ts";

function priceUsd(inputs: OptionInputs): number {
  return blackScholes(inputs).priceUsd;
}

/** Larger of the two legs: what price errors are measured against. */
function scaleUsd(inputs: OptionInputs & { carry: number }): number {
  const { spotUsd, strikeUsd, carry, rate, years } = inputs;
  return Math.max(spotUsd * Math.exp((carry - rate) * years), strikeUsd * Math.exp(-rate * years));
}

test("call minus put is the forward leg minus the strike leg", () => {
  fc.assert(
    fc.property(anyOption("call"), (call) => {
      const { spotUsd, strikeUsd, carry, rate, years } = call;
      const parity =
        spotUsd * Math.exp((carry - rate) * years) - strikeUsd * Math.exp(-rate * years);
      const error = priceUsd(call) - priceUsd({ ...call, type: "put" }) - parity;
      expect(Math.abs(error)).toBeLessThan(3e-15 * scaleUsd(call));
    }),
  );
});

test("a call falls and is convex in its strike, within no-arbitrage bounds", () => {
  fc.assert(
    fc.property(anyOption("call"), numberIn(0.001, 0.2), (call, step) => {
      const [low, middle, high] = [1 - step, 1, 1 + step].map((factor) =>
        priceUsd({ ...call, strikeUsd: call.strikeUsd * factor }),
      ) as [number, number, number];
      const slack = 4e-15 * scaleUsd(call);
      expect(middle).toBeLessThanOrEqual(low + slack);
      expect(high).toBeLessThanOrEqual(middle + slack);
      expect(low - 2 * middle + high).toBeGreaterThanOrEqual(-slack);
      expect(middle).toBeLessThanOrEqual(
        call.spotUsd * Math.exp((call.carry - call.rate) * call.years) + slack,
      );
    }),
  );
});

test("price is homogeneous of degree one in spot and strike", () => {
  fc.assert(
    fc.property(anyOption("put"), numberIn(0.01, 100), (put, factor) => {
      const scaled = { ...put, spotUsd: put.spotUsd * factor, strikeUsd: put.strikeUsd * factor };
      expect(Math.abs(priceUsd(scaled) - factor * priceUsd(put))).toBeLessThan(
        4e-15 * scaleUsd(scaled),
      );
    }),
  );
});

test("price rises with volatility and volatility alone closes the bounds", () => {
  fc.assert(
    fc.property(anyOption("call"), numberIn(0, 1), (call, more) => {
      const slack = 4e-15 * scaleUsd(call);
      expect(priceUsd({ ...call, volatility: call.volatility + more })).toBeGreaterThanOrEqual(
        priceUsd(call) - slack,
      );
    }),
  );
});

type Derivative = {
  readonly greek: keyof OptionValue;
  readonly of: keyof OptionValue;
  readonly by: "spotUsd" | "years" | "volatility" | "rate" | "carry";
  readonly factor: number;
};

test.each<Derivative>([
  { greek: "deltaUnits", of: "priceUsd", by: "spotUsd", factor: 1 },
  { greek: "gammaUnitsPerUsd", of: "deltaUnits", by: "spotUsd", factor: 1 },
  { greek: "vegaUsdPerVolPoint", of: "priceUsd", by: "volatility", factor: 0.01 },
  { greek: "thetaUsdPerDay", of: "priceUsd", by: "years", factor: -1 / 365 },
  { greek: "rhoUsdPerRatePoint", of: "priceUsd", by: "rate", factor: 0.01 },
  { greek: "carryRhoUsdPerCarryPoint", of: "priceUsd", by: "carry", factor: 0.01 },
  { greek: "vannaUnitsPerVolPoint", of: "deltaUnits", by: "volatility", factor: 0.01 },
  { greek: "volgaUsdPerVolPointSquared", of: "vegaUsdPerVolPoint", by: "volatility", factor: 0.01 },
])("$greek is the derivative of $of by $by", ({ greek, of, by, factor }) => {
  fc.assert(
    fc.property(fc.constantFrom("call", "put").chain(anyOption), (inputs) => {
      const isRate = by === "rate" || by === "carry";
      const step = isRate
        ? 2e-3
        : 4e-3 * Math.abs(inputs[by]) * Math.min(1, inputs.volatility * Math.sqrt(inputs.years));
      const at = (steps: number) =>
        blackScholes({ ...inputs, [by]: inputs[by] + steps * step })[of];
      const difference =
        (45 * (at(1) - at(-1)) - 9 * (at(2) - at(-2)) + at(3) - at(-3)) / (60 * step);
      const scale = greekScale(greek, inputs);
      expect(Math.abs(blackScholes(inputs)[greek] - factor * difference)).toBeLessThan(
        2e-8 * scale,
      );
    }),
    { numRuns: 60 },
  );
});

/** Natural size of a Greek at the money: what its error is measured against. */
function greekScale(greek: keyof OptionValue, inputs: OptionInputs & { carry: number }): number {
  const { spotUsd, years, volatility } = inputs;
  const totalVolatility = volatility * Math.sqrt(years);
  const priceScale = scaleUsd(inputs);
  const sizes: Partial<Record<keyof OptionValue, number>> = {
    deltaUnits: priceScale / spotUsd,
    gammaUnitsPerUsd: priceScale / spotUsd ** 2 / totalVolatility,
    vannaUnitsPerVolPoint: (0.01 * priceScale) / spotUsd / volatility,
    volgaUsdPerVolPointSquared: (1e-4 * priceScale) / volatility ** 2,
    thetaUsdPerDay: priceScale / years / 365,
    rhoUsdPerRatePoint: 0.01 * priceScale * Math.max(1, years / totalVolatility),
    carryRhoUsdPerCarryPoint: 0.01 * priceScale * Math.max(1, years / totalVolatility),
  };
  return sizes[greek] ?? (0.01 * priceScale) / volatility;
}

test("without a carry the rate moves discounting and carry together", () => {
  fc.assert(
    fc.property(anyOption("call"), (call) => {
      const { carry: _carry, ...free } = call;
      const fixed = { ...free, carry: free.rate };
      const joint =
        blackScholes(fixed).rhoUsdPerRatePoint + blackScholes(fixed).carryRhoUsdPerCarryPoint;
      const scale = 0.01 * call.years * scaleUsd(fixed);
      expect(Math.abs(blackScholes(free).rhoUsdPerRatePoint - joint)).toBeLessThan(1e-14 * scale);
    }),
  );
});
