import { describe, expect, test } from "vitest";
import {
  type FeedSlice,
  sliceVariance,
  totalVariance,
} from "#test/local/check/accounts/total-variance.ts";

const VOGT = { a: -0.041, b: 0.1331, rho: 0.306, m: 0.3586, sigma: 0.4153 };
const flat = (expiryMs: number, a: number): FeedSlice => ({
  expiryMs,
  a,
  b: 0,
  rho: 0,
  m: 0,
  sigma: 0.1,
  updatedAtMs: 0,
});

describe("totalVariance", () => {
  test.each([
    { k: -1.5, w: 0.1367819611 },
    { k: 0.4, w: 0.01623656962 },
  ])("reads Vogt's slice as published at $k", ({ k, w }) => {
    expect(sliceVariance({ ...VOGT, expiryMs: 1, updatedAtMs: 0 }, k)).toBeCloseTo(w, 10);
  });

  test.each([
    { what: "on a slice", expiryMs: 2000, expected: 0.2 },
    { what: "between slices, linear in time", expiryMs: 3000, expected: 0.3 },
    { what: "before the first slice, proportional to time", expiryMs: 1000, expected: 0.1 },
    { what: "after the last slice, proportional to time", expiryMs: 8000, expected: 0.8 },
  ])("is read $what", ({ expiryMs, expected }) => {
    const slices = [flat(4000, 0.4), flat(2000, 0.2)];
    expect(totalVariance(slices, { logMoneyness: 0, expiryMs, nowMs: 0 })).toBeCloseTo(
      expected,
      12,
    );
  });

  test("does not look at slices that have expired", () => {
    const slices = [flat(1000, 9), flat(4000, 0.3)];
    expect(totalVariance(slices, { logMoneyness: 0, expiryMs: 4000, nowMs: 1000 })).toBe(0.3);
    expect(() => totalVariance(slices, { logMoneyness: 0, expiryMs: 9000, nowMs: 4000 })).toThrow(
      RangeError,
    );
  });

  test("refuses a surface that is negative at the strike", () => {
    const query = { logMoneyness: 0, expiryMs: 1000, nowMs: 0 };
    expect(() => totalVariance([flat(1000, -0.1)], query)).toThrow("total variance -0.1");
  });
});
