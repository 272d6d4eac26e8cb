import { expect, test } from "vitest";
import { checkedPolicySchema } from "#shared/policy/checked-policy.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";

type Change = (policy: typeof DEFAULT_POLICY) => unknown;

function problems(change: Change): string[] {
  const input = change(structuredClone(DEFAULT_POLICY));
  const result = checkedPolicySchema.safeParse(input);
  return result.success ? [] : describeIssues(result.error, input);
}

function withForecast(forecast: object): (policy: typeof DEFAULT_POLICY) => unknown {
  return (policy) => ({
    ...policy,
    triggers: { ...policy.triggers, forecast: { ...policy.triggers.forecast, ...forecast } },
  });
}

function withEth(change: Record<string, unknown>): Change {
  return (policy) => ({
    ...policy,
    underlyings: { ETH: { ...policy.underlyings["ETH"], ...change } },
  });
}

function withRefusals(tradeRefusals: object): Change {
  return (policy) => ({ ...policy, breakers: { tradeRefusals } });
}

test("the default policy is valid", () => {
  expect(problems((policy) => policy)).toEqual([]);
});

test.each<{ name: string; change: Change; field: string }>([
  {
    name: "no underlyings",
    change: (policy) => ({ ...policy, underlyings: {} }),
    field: "underlyings",
  },
  {
    name: "a breaker that lifts where it trips",
    change: (policy) => ({
      ...policy,
      breakers: { drawdown: { reduceOnly: { tripAt: 0.1, resetAt: 0.1 } } },
    }),
    field: "breakers.drawdown.reduceOnly.resetAt",
  },
  {
    name: "a milder level that trips later",
    change: (policy) => ({
      ...policy,
      breakers: { drawdown: { reduceOnly: { tripAt: 0.9, resetAt: 0.1 } } },
    }),
    field: "breakers.drawdown.reduceOnly.tripAt",
  },
  {
    name: "more refusals for a pause than are counted",
    change: withRefusals({ reduceOnly: { tripAt: 65, resetAt: 1 } }),
    field: "breakers.tradeRefusals.reduceOnly.tripAt",
  },
  {
    name: "a pause that never ends",
    change: withRefusals({ reduceOnly: { tripAt: 4, resetAt: 0 } }),
    field: "breakers.tradeRefusals.reduceOnly.resetAt",
  },
  {
    name: "a longest pause that is shorter than the first",
    change: withRefusals({ pauseMs: 60_000, pauseMaxMs: 30_000 }),
    field: "breakers.tradeRefusals.pauseMaxMs",
  },
  {
    name: "a cost of nothing",
    change: withEth({ costFraction: 0 }),
    field: "underlyings.ETH.costFraction",
  },
  {
    name: "a cost above everything",
    change: withEth({ costFraction: 1.1 }),
    field: "underlyings.ETH.costFraction",
  },
  {
    name: "a negative risk aversion",
    change: withEth({ riskAversionPerUsd: -1 }),
    field: "underlyings.ETH.riskAversionPerUsd",
  },
  {
    name: "a band floor at the limit",
    change: withEth({ bandFloorUsd: 500_000, hedgeNotionalMaxUsd: 600_000 }),
    field: "underlyings.ETH.bandFloorUsd",
  },
  {
    name: "jobs smaller than the floor",
    change: withEth({ hedgeNotionalMaxUsd: 1_000 }),
    field: "underlyings.ETH.hedgeNotionalMaxUsd",
  },
  {
    name: "a cap of nothing",
    change: withEth({ bandCapNavFraction: 0 }),
    field: "underlyings.ETH.bandCapNavFraction",
  },
  {
    name: "a target outside the band",
    change: withEth({ hedgeTargetFraction: 1.5 }),
    field: "underlyings.ETH.hedgeTargetFraction",
  },
  {
    name: "sources that may never differ",
    change: withEth({ sourceDisagreementMaxFraction: 0 }),
    field: "underlyings.ETH.sourceDisagreementMaxFraction",
  },
  {
    name: "an unknown field",
    change: withEth({ deltaLimitUsd: 5 }),
    field: "underlyings.ETH.deltaLimitUsd",
  },
  {
    name: "a multiplier that lowers the requirement",
    change: (policy) => ({ ...policy, capital: { ...policy.capital, scenarioMultiplier: 0.9 } }),
    field: "capital.scenarioMultiplier",
  },
  {
    name: "a buffer below the requirement",
    change: (policy) => ({ ...policy, capital: { ...policy.capital, bufferMultiplier: 0.9 } }),
    field: "capital.bufferMultiplier",
  },
  {
    name: "a negative haircut",
    change: (policy) => ({ ...policy, capital: { ...policy.capital, hedgeHaircutFraction: -0.1 } }),
    field: "capital.hedgeHaircutFraction",
  },
  {
    name: "a swap that may return nothing",
    change: (policy) => ({ ...policy, hedging: { ...policy.hedging, slippageMaxFraction: 1 } }),
    field: "hedging.slippageMaxFraction",
  },
  {
    name: "a swap of one underlying that may return nothing",
    change: withEth({ slippageMaxFraction: 1 }),
    field: "underlyings.ETH.slippageMaxFraction",
  },
  {
    name: "an emergency swap that may return nothing",
    change: (policy) => ({
      ...policy,
      hedging: { ...policy.hedging, emergencySlippageMaxFraction: 1 },
    }),
    field: "hedging.emergencySlippageMaxFraction",
  },
  {
    name: "re-centring where hedges end",
    change: (policy) => ({
      ...policy,
      triggers: { ...policy.triggers, recentreEveryMs: 60_000, earlyFromFraction: 0.5 },
    }),
    field: "triggers.earlyFromFraction",
  },
  {
    name: "a regime that never settles",
    change: withForecast({ stressedFromRatio: 1.1, calmBelowRatio: 1.3 }),
    field: "triggers.forecast.calmBelowRatio",
  },
  {
    name: "a short half-life that is not",
    change: withForecast({ shortHalfLifeMs: 86_400_000 }),
    field: "triggers.forecast.shortHalfLifeMs",
  },
  {
    name: "more than wholly mutualised",
    change: (policy) => ({ ...policy, capital: { ...policy.capital, mutualisedFraction: 1.5 } }),
    field: "capital.mutualisedFraction",
  },
  {
    name: "feeds older than reports",
    change: (policy) => ({ ...policy, staleness: { ...policy.staleness, feedMaxMs: 4_000 } }),
    field: "staleness.feedMaxMs",
  },
  {
    name: "a minimum above the maximum",
    change: (policy) => ({ ...policy, transfers: { ...policy.transfers, minimumUsd: 200_000 } }),
    field: "transfers.minimumUsd",
  },
  {
    name: "money on its way that never counts",
    change: (policy) => ({
      ...policy,
      transfers: { ...policy.transfers, inTransitHaircutFraction: 1 },
    }),
    field: "transfers.inTransitHaircutFraction",
  },
  {
    name: "a fee that is no integer",
    change: (policy) => ({
      ...policy,
      transfers: { ...policy.transfers, maxFeeNativeWei: "1e18" },
    }),
    field: "transfers.maxFeeNativeWei",
  },
])("$name is refused, naming $field", ({ change, field }) => {
  const found = problems(change);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(new RegExp(`^${field.replaceAll(".", "\\.")}: .*(must|unknown)`));
});

test("everything that is wrong is listed at once", () => {
  const broken = problems((policy) => ({
    ...policy,
    underlyings: { ETH: { ...policy.underlyings["ETH"], costFraction: 0, bandCapNavFraction: 0 } },
    hedging: { ...policy.hedging, slippageMaxFraction: 1 },
  }));
  expect(broken).toHaveLength(3);
});

test("a band penalty that a hedge may cost more than is refused where penalties count", () => {
  const cheap = { ...DEFAULT_POLICY.planning, bandPenaltyFraction: 0.01 };
  const planning = { ...cheap, method: "greedy" as const };
  expect(problems((policy) => ({ ...policy, planning }))).toEqual([]);
  const [found, ...others] = problems((policy) => ({
    ...policy,
    planning: { ...planning, method: "milp" },
  }));
  expect(found).toMatch(/^planning\.bandPenaltyFraction/);
  expect(others).toEqual([]);
});

test("a policy that says nothing of planning plans with programs", () => {
  const { planning, ...rest } = DEFAULT_POLICY;
  expect(checkedPolicySchema.parse(rest).planning).toEqual(planning);
  expect(planning.method).toBe("milp");
});

test("a policy that says nothing of triggers and mutual cover acts on thresholds and keeps shards apart", () => {
  const { triggers, ...rest } = DEFAULT_POLICY;
  const { mutualisedFraction, ...capital } = DEFAULT_POLICY.capital;
  const parsed = checkedPolicySchema.parse({ ...rest, capital });
  expect(parsed.triggers).toEqual(triggers);
  expect(parsed.triggers.recentreEveryMs).toBeNull();
  expect(parsed.capital.mutualisedFraction).toBe(mutualisedFraction);
});

test("a policy file without breakers and quarantine gets the default ones", () => {
  const { breakers, quarantine, ...rest } = DEFAULT_POLICY;
  const parsed = checkedPolicySchema.parse(rest);
  expect({ breakers: parsed.breakers, quarantine: parsed.quarantine }).toEqual({
    breakers,
    quarantine,
  });
});
