import { expect, test } from "vitest";
import { emergencyPolicy, findEmergencies } from "#coordinator/stages/safety/find-emergencies.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";
import { anEntry, aPolicy } from "#test/support/coordinator/coordinator-pass.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";

function emergencies(hedgeUnits: number, o: { cashUsd?: number; calls?: number } = {}) {
  const policy = aPolicy({ netDeltaLimitUsd: 40_000 });
  const world = aWorld([anEntry({ shard: "base", hedgeUnits, ...o })], { policy });
  return world.view.emergencies;
}

test("inside its limit and solvent, nothing is an emergency", () => {
  expect(emergencies(20)).toEqual(new Map());
});

test.each([21, -21])("a net delta of %d units beyond 40,000 USD is one", (units) => {
  const world = aWorld([anEntry({ shard: "base", hedgeUnits: Math.abs(units) })]);
  const net = world.view.nets.get("ETH");
  if (net?.netted !== true) throw new Error("not netted");
  const flipped = { ...net.net, limitIntervalUnits: [units, units] as const };
  const found = findEmergencies({
    nets: new Map([["ETH", { netted: true, net: flipped }]]),
    spotUsd: new Map([["ETH", 2000]]),
    policy: aPolicy({ netDeltaLimitUsd: 40_000 }),
    capital: [],
    isWhole: true,
    breakers: {},
  });
  expect(found.get("ETH")).toBe("net delta may be beyond 40000 USD");
});

test("too little collateral in all shards together is one, in one shard alone it is not", () => {
  expect(emergencies(0, { calls: -20, cashUsd: 1000 }).get("ETH")).toMatch(
    /^all shards together hold 1000 of \d+ USD required$/,
  );
  const covered = aWorld([
    anEntry({ shard: "base", calls: -20, cashUsd: 1000 }),
    anEntry({ shard: "arbitrum", cashUsd: 1_000_000 }),
  ]);
  expect(covered.view.emergencies.size).toBe(0);
});

test.each([
  { kind: "drawdown", scope: "global", isOn: true, found: "breaker drawdown: reduce-only" },
  { kind: "lossVelocity", scope: "global", isOn: true, found: "breaker lossVelocity: reduce-only" },
  { kind: "drawdown", scope: "global", isOn: false, found: undefined },
  { kind: "staleShare", scope: "global", isOn: true, found: undefined },
  { kind: "drawdown", scope: "shard:base", isOn: true, found: undefined },
] as const)("breaker $kind of $scope on: $isOn: $found", ({ kind, scope, isOn, found }) => {
  const world = aWorld([anEntry({ shard: "base", hedgeUnits: 1 })]);
  const off = {
    isOn: false,
    onSinceMs: null,
    overSinceMs: null,
    lastOverMs: null,
    lastUnquietMs: null,
  };
  const breaker = { kind, scope, value: 1, detail: "", reduceOnly: { ...off, isOn }, halt: off };
  const emergencies = findEmergencies({
    nets: world.view.nets,
    spotUsd: new Map([["ETH", 2000]]),
    policy: aPolicy(),
    capital: [],
    isWhole: true,
    breakers: { one: breaker },
  });
  expect(emergencies.get("ETH")).toBe(found);
});

test("an emergency widens the slippage of its underlying only, and only where the policy says so", () => {
  const policy = aPolicy();
  const found = new Map([["ETH", "breach"]]);
  expect(emergencyPolicy(policy, found)).toBe(policy);
  const wide = aPolicy({}, { hedging: { ...policy.hedging, emergencySlippageMaxFraction: 0.05 } });
  expect(slippageMaxFraction(emergencyPolicy(wide, found), "ETH")).toBe(0.05);
  expect(slippageMaxFraction(emergencyPolicy(wide, found), "BTC")).toBe(0.01);
  expect(slippageMaxFraction(emergencyPolicy(wide, new Map()), "ETH")).toBe(0.01);
  const narrow = aPolicy({ slippageMaxFraction: 0.07 }, { hedging: wide.hedging });
  expect(slippageMaxFraction(emergencyPolicy(narrow, found), "ETH")).toBe(0.07);
});
