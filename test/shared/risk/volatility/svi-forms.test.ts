import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  butterflyDensity,
  isSsviButterflyFree,
  sliceArbitrage,
  surfaceArbitrage,
} from "#shared/risk/volatility/svi-arbitrage.ts";
import {
  jumpWingsFromRaw,
  powerLawPhi,
  rawFromJumpWings,
  rawFromNatural,
  rawFromSsvi,
  ssviTotalVariance,
  withoutButterfly,
} from "#shared/risk/volatility/svi-forms.ts";
import {
  type SviParameters,
  sviDerivatives,
  sviTotalVariance,
} from "#shared/risk/volatility/svi-slice.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

type Raw = "a" | "b" | "rho" | "m" | "sigma";
const [VOGT] = readVectors<Raw | "t" | "v" | "psi" | "p" | "c" | "vTilde">(
  "svi.json",
  "jumpWings",
) as [Record<Raw | "t" | "v" | "psi" | "p" | "c" | "vTilde", number>];
const anySlice: fc.Arbitrary<SviParameters> = fc.record({
  a: numberIn(0.01, 0.2),
  b: numberIn(0.01, 0.5),
  rho: numberIn(-0.9, 0.9),
  m: numberIn(-0.3, 0.3),
  sigma: numberIn(0.05, 0.5),
});

describe("published values", () => {
  test.each(readVectors<Raw | "set" | "T" | "quantity" | "k" | "value">("svi.json", "values"))(
    "$set: $quantity at $k",
    (row) => {
      const total = sviTotalVariance(row, row.k);
      const quantities: Record<string, number> = {
        w: total,
        var: total / row.T,
        vol: Math.sqrt(total / row.T),
        g: butterflyDensity(row, row.k),
      };
      expect(quantities[String(row.quantity)]).toBeCloseTo(row.value, 8);
    },
  );

  test("the Vogt slice has the paper's jump-wings, and comes back from them", () => {
    const wings = jumpWingsFromRaw(VOGT, VOGT.t);
    for (const name of ["v", "psi", "p", "c", "vTilde"] as const) {
      expect(Math.abs(wings[name] - VOGT[name])).toBeLessThan(5e-7);
    }
    const raw = rawFromJumpWings(wings);
    for (const name of ["a", "b", "rho", "m", "sigma"] as const) {
      expect(raw[name]).toBeCloseTo(VOGT[name], 12);
    }
  });

  test("the paper's repair of the Vogt slice: c' = 0.3493158, smallest variance 0.01548182, no butterfly", () => {
    const repaired = withoutButterfly(jumpWingsFromRaw(VOGT, VOGT.t));
    expect(repaired.c).toBeCloseTo(0.3493158, 6);
    expect(repaired.vTilde).toBeCloseTo(0.01548182, 7);
    expect(sliceArbitrage(rawFromJumpWings(repaired))).toEqual([]);
  });

  test.each(readVectors<Raw | "theta" | "phi" | "rhoRaw">("svi.json", "ssviToRaw"))(
    "SSVI as raw SVI",
    (row) => {
      const raw = rawFromSsvi(row);
      expect(Math.abs(raw.a - row.a)).toBeLessThan(1e-7);
      expect(Math.abs(raw.b - row.b)).toBeLessThan(1e-7);
      expect(Math.abs(raw.m - row.m)).toBeLessThan(1e-7);
      expect(Math.abs(raw.sigma - row.sigma)).toBeLessThan(1e-7);
    },
  );

  test.each(readVectors<Raw | "id" | "verdict">("svi.json", "verdicts"))(
    "the verdict on $id",
    (row) => {
      const faults = sliceArbitrage({
        a: row.a,
        b: row.b,
        rho: row.rho,
        m: row.m,
        sigma: row.sigma,
      });
      expect(faults.length === 0).toBe(String(row.verdict) === "must pass");
    },
  );

  test("the Vogt slice is butterfly-arbitrageable between 0.3 and 1.2", () => {
    const [fault] = sliceArbitrage(VOGT);
    expect(fault?.kind).toBe("butterfly");
    expect(fault?.logMoneyness).toBeGreaterThan(0.3);
    expect(fault?.logMoneyness).toBeLessThan(1.2);
  });
});

test("a later slice with less total variance is calendar arbitrage, whatever the order", () => {
  const base = { b: 0.12, rho: -0.6, m: 0.01, sigma: 0.25 };
  const slices = [
    { ...base, a: 0.005, expiryMs: 2 },
    { ...base, a: 0.01, expiryMs: 1 },
  ];
  const [fault] = surfaceArbitrage(slices);
  expect(fault).toMatchObject({ kind: "calendar", expiryMs: 2 });
  expect(fault?.value).toBeCloseTo(-0.005, 12);
});

test("an SSVI slice and its raw form are one smile", () => {
  fc.assert(
    fc.property(
      numberIn(0.001, 0.5),
      numberIn(-0.95, 0.95),
      numberIn(0.1, 10),
      numberIn(-2, 2),
      (theta, rho, phi, k) => {
        const slice = { theta, rho, phi };
        expect(
          Math.abs(sviTotalVariance(rawFromSsvi(slice), k) - ssviTotalVariance(slice, k)),
        ).toBeLessThan(1e-13);
      },
    ),
  );
});

test("power-law SSVI inside Gatheral and Jacquier's bound has no butterfly on the grid", () => {
  fc.assert(
    fc.property(
      numberIn(0.005, 0.5),
      numberIn(-0.9, 0.9),
      numberIn(0.1, 0.5),
      (theta, rho, gamma) => {
        const slice = {
          theta,
          rho,
          phi: powerLawPhi(theta, { eta: 2 / (1 + Math.abs(rho)), gamma: Math.max(gamma, 0.5) }),
        };
        fc.pre(isSsviButterflyFree(slice));
        expect(sliceArbitrage(rawFromSsvi(slice))).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});

test("the derivatives are those of total variance", () => {
  fc.assert(
    fc.property(anySlice, numberIn(-1.5, 1.5), (slice, k) => {
      const step = 1e-4;
      const at = (x: number) => sviTotalVariance(slice, x);
      const { value, first, second } = sviDerivatives(slice, k);
      expect(value).toBe(at(k));
      expect(first).toBeCloseTo((at(k + step) - at(k - step)) / (2 * step), 6);
      expect(second).toBeCloseTo((at(k + step) - 2 * at(k) + at(k - step)) / step ** 2, 3);
    }),
  );
});

test("what is no smile is refused by name", () => {
  expect(() =>
    rawFromJumpWings({ years: 1, v: 0.04, psi: 3, p: 0.5, c: 0.5, vTilde: 0.03 }),
  ).toThrow("psi: 3");
  expect(() => jumpWingsFromRaw({ a: -1, b: 0.1, rho: 0, m: 0, sigma: 0.1 }, 1)).toThrow(
    "total variance at the money",
  );
  expect(() => rawFromSsvi({ theta: 0.1, rho: 1, phi: 1 })).toThrow("rho: 1");
});

test("natural SVI without a shift is SSVI, and a shift of it shifts total variance", () => {
  const slice = { theta: 0.04, rho: -0.4, phi: 2 };
  const natural = { delta: 0, mu: 0, rho: -0.4, omega: 0.04, zeta: 2 };
  expect(rawFromNatural(natural)).toEqual(rawFromSsvi(slice));
  const shifted = rawFromNatural({ ...natural, delta: 0.01, mu: 0.2 });
  expect(sviTotalVariance(shifted, 0.5)).toBeCloseTo(0.01 + ssviTotalVariance(slice, 0.3), 14);
});
