import { describe, expect, test } from "vitest";
import type { UnderlyingPolicy } from "#shared/policy/policy-schema.ts";
import { examplePolicy } from "#test/local/check/example-world.ts";
import { bandHalfWidth } from "#test/local/check/summary/band-half-width.ts";

const policy = (values: Partial<UnderlyingPolicy>): UnderlyingPolicy => ({
  ...(examplePolicy().underlyings["ETH"] as UnderlyingPolicy),
  bandFloorUsd: 1e-9,
  bandCapNavFraction: 1,
  ...values,
});

describe("bandHalfWidth", () => {
  // quotesim's and a Zakamouline implementation's published Whalley-Wilmott half-widths.
  test.each([
    { spotUsd: 100, gamma: 0.03984439141, costFraction: 0.001, expected: 0.06198337475 },
    { spotUsd: 5000, gamma: 0.02, costFraction: 0.0005, expected: 0.114471 },
  ])("agrees with the published $expected", ({ spotUsd, gamma, costFraction, expected }) => {
    const half = bandHalfWidth({
      gammaUnitsPerUsd: -gamma,
      spotUsd,
      navUsd: 1e12,
      gasUsd: 0,
      policy: policy({ costFraction, riskAversionPerUsd: 1 }),
    });
    expect(half).toBeCloseTo(expected, 6);
  });

  const base = { spotUsd: 2000, navUsd: 1_000_000, gasUsd: 0 };

  test("is the floor when there is no gamma, the larger of policy and gas", () => {
    const limits = policy({ bandFloorUsd: 500, costFraction: 0.001 });
    expect(bandHalfWidth({ ...base, gammaUnitsPerUsd: 0, policy: limits })).toBe(0.25);
    expect(bandHalfWidth({ ...base, gasUsd: 2, gammaUnitsPerUsd: 0, policy: limits })).toBe(1);
  });

  test("is limited by the share of net asset value, above which the floor still wins", () => {
    const limits = policy({
      bandCapNavFraction: 0.01,
      bandFloorUsd: 500,
      riskAversionPerUsd: 1e-9,
    });
    expect(bandHalfWidth({ ...base, gammaUnitsPerUsd: 10, policy: limits })).toBe(5);
    expect(bandHalfWidth({ ...base, navUsd: -1, gammaUnitsPerUsd: 10, policy: limits })).toBe(0.25);
  });
});
