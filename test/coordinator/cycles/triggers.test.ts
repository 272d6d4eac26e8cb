import { describe, expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { SpotHistory } from "#coordinator/records/planning/volatility-forecast.ts";
import { newVarianceTrace } from "#shared/risk/statistics/realised-variance.ts";
import { YEAR_MS } from "#shared/units/time.ts";
import {
  aJobRecord,
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const { triggers } = aPolicy();
const RECENTRING = { ...triggers, earlyFromFraction: 0.75, recentreEveryMs: 60_000 };
/** Floor and cap leave one half-width: 4 units. */
const FOUR = { bandFloorUsd: 8000, bandCapNavFraction: 1e-9, hedgeTargetFraction: 0.5 };

function decide(entries: readonly BookEntry[], changes: Partial<PassInput> = {}) {
  const outcome = planPass(aPassInput(entries, { policy: aPolicy(FOUR), ...changes }));
  const [eth] = outcome.decision.underlyings;
  if (eth === undefined) throw new Error("no ETH decision");
  return { ...outcome, eth };
}

const held = (units: number) => [anEntry({ shard: "base", hedgeUnits: units })];

describe("a decision says how far it went", () => {
  test.each([
    { name: "a small net", entries: held(3), tier: "absorb", kinds: [] },
    {
      name: "a small net of large shards",
      entries: [
        anEntry({ shard: "base", calls: -20 }),
        anEntry({ shard: "arbitrum", hedgeUnits: 10 }),
      ],
      tier: "internal-netting",
      kinds: [],
    },
    {
      name: "a net outside the band",
      entries: held(5),
      tier: "external-hedge",
      kinds: ["threshold"],
    },
    {
      name: "a net beyond its limit",
      entries: held(300),
      tier: "emergency",
      kinds: ["threshold", "threshold"],
    },
  ])("$name: $tier", ({ entries, tier, kinds }) => {
    const { eth, decision } = decide(entries);
    expect(eth.tier).toBe(tier);
    expect(decision.triggers[0]).toMatchObject({ kind: "timer", subject: null });
    expect(decision.triggers.slice(1).map(({ kind }) => kind)).toEqual(kinds);
  });

  test("and how much the shards took off each other", () => {
    const { eth } = decide([
      anEntry({ shard: "base", calls: -20 }),
      anEntry({ shard: "arbitrum", hedgeUnits: 10 }),
    ]);
    expect(eth.grossDeltaUnits).toBeGreaterThan(19);
    const net = Math.abs(eth.netDeltaUnits ?? Number.NaN);
    expect(eth.nettedDeltaUnits).toBeCloseTo((eth.grossDeltaUnits ?? 0) - net, 5);
  });

  test("nothing of it is known when the net is not", () => {
    const entries = [
      anEntry({ shard: "base", spotUsd: 2200 }),
      anEntry({ shard: "arbitrum", calls: 1 }),
    ];
    const { eth } = decide(entries);
    expect(eth).toMatchObject({
      tier: null,
      grossDeltaUnits: null,
      nettedDeltaUnits: null,
      band: null,
    });
  });

  test("a shard in shortfall is a threshold of its own", () => {
    const entries = [
      anEntry({ shard: "base", calls: -10, cashUsd: 100 }),
      anEntry({ shard: "arbitrum", hedgeUnits: 5.2 }),
    ];
    const { decision } = decide(entries);
    expect(decision.triggers).toContainEqual({
      kind: "threshold",
      subject: "base",
      detail: expect.stringMatching(/^holds 100 of \d+ USD required$/),
    });
  });

  test("a shortfall that only a transfer under way ends is told in the figures without it", () => {
    const needy = anEntry({ shard: "ethereum", calls: -200, cashUsd: 1_000 });
    const sent = aJobRecord({
      jobId: hash32("0c"),
      kind: "transfer",
      shard: "base",
      target: "ethereum",
      underlying: null,
      expectedDeltaUnits: 0,
      amountUsd: 500_000,
      amountOutOfShardRaw: "500000000000",
      state: "in-transit",
    });
    const { decision } = decide([needy, anEntry({ shard: "base" })], { jobs: [sent] });
    const { capital, triggers: found } = decision;
    const held = capital?.shards.find(({ shard }) => shard === "ethereum");
    expect(held?.collateralUsdAfterHaircut).toBeGreaterThan(held?.requiredCapitalUsd ?? 0);
    expect(found).toContainEqual({
      kind: "threshold",
      subject: "ethereum",
      detail: `holds 1000 of ${Math.ceil(held?.requiredCapitalUsd ?? 0)} USD required, without 500000 USD on its way`,
    });
  });

  test("a solvent shard without the cash of an expired series is told to lack that cash", () => {
    const expired = anOption({ strikeUsd: 1500, expiryMs: NOW_MS - 60_000, quantity: -100 });
    // Without a pool nothing can be sold for it.
    const change = { book: [expired], capacity: [] };
    const book = { cashUsd: 10_000, hedgeUnits: 100, change };
    const { decision } = decide([anEntry({ shard: "ethereum", ...book })]);
    expect(decision.triggers).toContainEqual({
      kind: "threshold",
      subject: "ethereum",
      detail: "lacks 40000 USD of cash for its expired series",
    });
  });
});

describe("the timer", () => {
  const policy = aPolicy(FOUR, { triggers: RECENTRING });
  const due: Partial<PassInput> = { policy, isRecentreDue: true };

  test("trades what is near the edge back to the target when it is due, and says so", () => {
    const { eth, jobs, decision } = decide(held(3.5), due);
    expect(eth).toMatchObject({
      tier: "external-hedge",
      action: "hedge",
      reason: "about to leave the band",
    });
    expect(eth.band?.actFromUnits).toBe(3);
    expect(jobs[0]?.expectedDeltaUnits).toBeCloseTo(-1.5, 6);
    expect(decision.triggers[1]).toMatchObject({ kind: "timer", subject: "ETH" });
  });

  test("trades nothing before it is due, or nearer to the centre", () => {
    expect(decide(held(3.5), { policy }).jobs).toEqual([]);
    expect(decide(held(2.9), due).jobs).toEqual([]);
  });

  test("does not trade again what it has traded, in flight or done", () => {
    const { jobs } = decide(held(3.5), due);
    expect(decide(held(3.5), { ...due, jobs, sequence: 2 }).jobs).toEqual([]);
    expect(decide(held(2), { ...due, sequence: 2, nowMs: NOW_MS + 1000 }).jobs).toEqual([]);
  });

  test("leaves to the threshold what has left the band", () => {
    const { decision } = decide(held(5), due);
    expect(decision.triggers[1]).toMatchObject({ kind: "threshold", subject: "ETH" });
  });
});

describe("a forecast", () => {
  const forecast = { ...triggers.forecast, isOn: true, horizonMs: 3_600_000, exitProbability: 0.2 };
  const on = aPolicy(FOUR, { triggers: { ...triggers, forecast } });
  /** 3.5 units long in all, with gamma: short calls, and hedges that make up for their delta. */
  const curved = (net: number) => {
    const flat = decide([anEntry({ shard: "base", calls: -100 })]).eth.netDeltaUnits ?? Number.NaN;
    return [anEntry({ shard: "base", calls: -100, hedgeUnits: net - flat })];
  };

  test("of leaving the band makes a hedge due before it is left, and says how likely that is", () => {
    const { eth, decision, jobs } = decide(curved(3.5), { policy: on });
    expect(eth.forecast).toMatchObject({ source: "implied", regime: "calm" });
    expect(eth.forecast?.exitProbability).toBeGreaterThan(0.2);
    expect(decision.triggers[1]).toMatchObject({ kind: "forecast", subject: "ETH" });
    expect(decision.triggers[1]?.detail).toMatch(
      /^leaves its band within 3600000 ms with probability 0\.\d{3}$/,
    );
    expect(eth).toMatchObject({ tier: "external-hedge", reason: "about to leave the band" });
    expect(jobs[0]?.expectedDeltaUnits).toBeCloseTo(-1.5, 2);
  });

  test("is recorded, and nothing done about it, while it is off, unlikely, or the net is well inside", () => {
    const unlikely = aPolicy(FOUR, {
      triggers: { ...triggers, forecast: { ...forecast, exitProbability: 1 } },
    });
    for (const one of [
      decide(curved(3.5)),
      decide(curved(3.5), { policy: unlikely }),
      decide(curved(2.9), { policy: on }),
      decide(held(3.5), { policy: on }),
    ]) {
      expect(one.jobs).toEqual([]);
      expect(one.eth.forecast).not.toBeNull();
    }
  });

  test("does not make a second pass trade what the first has traded", () => {
    const { jobs } = decide(curved(3.5), { policy: on });
    expect(decide(curved(3.5), { policy: on, jobs, sequence: 2 }).jobs).toEqual([]);
    expect(decide(curved(2), { policy: on, sequence: 2 }).jobs).toEqual([]);
  });

  test("of stress narrows the formula's band by the policy's share, once it is on", () => {
    const open = { bandFloorUsd: 1, bandCapNavFraction: 1 };
    const stressedBandFraction = 0.5;
    const history = stressedHistory();
    const widths = [false, true].map((isOn) => {
      const policy = aPolicy(open, {
        triggers: { ...triggers, forecast: { ...forecast, isOn, stressedBandFraction } },
      });
      const entries = [anEntry({ shard: "base", calls: -100 })];
      return decide(entries, { policy, histories: new Map([["ETH", history]]) }).eth.band;
    });
    expect(widths[1]?.formulaUnits).toBeCloseTo((widths[0]?.formulaUnits ?? 0) / 2, 9);
    expect(widths.map((band) => band?.stressFraction)).toEqual([1, 0.5]);
  });
});

/** As many passes have left it: short volatility twice the long one, seen a day long. */
function stressedHistory(): SpotHistory {
  const trace = (halfLifeYears: number, volatility: number) => {
    return { ...newVarianceTrace(halfLifeYears), squares: volatility ** 2 * 0.001, years: 0.001 };
  };
  return {
    spotUsd: 2000,
    atMs: NOW_MS - 1,
    sinceMs: NOW_MS - 86_400_000,
    short: trace(600_000 / YEAR_MS, 1.2),
    long: trace(86_400_000 / YEAR_MS, 0.6),
    regime: "stressed",
  };
}

test("in an emergency a dearer venue is taken where the policy allows it", () => {
  const far = [anEntry({ shard: "base", hedgeUnits: 300, feeFraction: 0.008 })];
  const limits = { ...FOUR, hedgeNotionalMaxUsd: 1e6 };
  const narrow = aPolicy(limits);
  const wide = aPolicy(limits, {
    hedging: { ...narrow.hedging, emergencySlippageMaxFraction: 0.03 },
  });
  expect(decide(far, { policy: narrow }).eth).toMatchObject({
    tier: "emergency",
    action: "blocked",
  });
  expect(decide(far, { policy: wide }).eth).toMatchObject({ tier: "emergency", action: "hedge" });
  const near = [anEntry({ shard: "base", hedgeUnits: 50, feeFraction: 0.008 })];
  expect(decide(near, { policy: wide }).eth).toMatchObject({
    tier: "external-hedge",
    action: "blocked",
  });
});
