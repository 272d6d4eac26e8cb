import { expect, test } from "vitest";
import { sviTotalVariance } from "#shared/risk/volatility/svi-slice.ts";
import { volatilityAt } from "#shared/risk/volatility/volatility-surface.ts";
import { DAY_MS, YEAR_MS } from "#shared/units/time.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

const NOW_MS = 1_760_000_000_000;
const FLAT = { b: 0, rho: 0, m: 0, sigma: 0.1 };
const NEAR = { ...FLAT, expiryMs: NOW_MS + 73 * DAY_MS, a: 0.05 };
const FAR = { ...FLAT, expiryMs: NOW_MS + 146 * DAY_MS, a: 0.2 };
const POINT = { forwardUsd: 100, strikeUsd: 110, nowMs: NOW_MS };

test.each(
  readVectors<"tau" | "a" | "b" | "rho" | "m" | "sigma" | "F" | "K" | "vol">("svi.json", "derive"),
)("Derive's volatility at strike $K, tau $tau", (row) => {
  const years = row.tau;
  const slice = { ...row, expiryMs: 0 };
  const total = sviTotalVariance(slice, Math.log(row.K / row.F));
  expect(Math.sqrt(total / years)).toBeCloseTo(row.vol, 12);
});

test("between two slices total variance grows linearly", () => {
  const expiryMs = NOW_MS + 109.5 * DAY_MS;
  const volatility = volatilityAt([FAR, NEAR], { ...POINT, expiryMs });
  expect(volatility).toBeCloseTo(Math.sqrt(0.125 / 0.3), 14);
});

test("on a slice, before the first and after the last the slice's own volatility holds", () => {
  expect(volatilityAt([NEAR, FAR], { ...POINT, expiryMs: NEAR.expiryMs })).toBeCloseTo(0.5, 14);
  expect(volatilityAt([NEAR, FAR], { ...POINT, expiryMs: NOW_MS + DAY_MS })).toBeCloseTo(0.5, 14);
  expect(volatilityAt([NEAR, FAR], { ...POINT, expiryMs: NOW_MS + YEAR_MS })).toBeCloseTo(
    Math.sqrt(0.5),
    14,
  );
});

test("an expired slice is left out", () => {
  const gone = { ...FLAT, expiryMs: NOW_MS, a: 9 };
  expect(volatilityAt([gone, NEAR], { ...POINT, expiryMs: NOW_MS + DAY_MS })).toBeCloseTo(0.5, 14);
});

test("no live slice, a past expiry and a negative variance are refused", () => {
  const expiryMs = NOW_MS + DAY_MS;
  expect(() => volatilityAt([], { ...POINT, expiryMs })).toThrow("slices: 0 given");
  expect(() => volatilityAt([NEAR], { ...POINT, expiryMs: NOW_MS })).toThrow("must be after nowMs");
  expect(() => volatilityAt([{ ...NEAR, a: -1 }], { ...POINT, expiryMs })).toThrow(
    "total variance",
  );
});
