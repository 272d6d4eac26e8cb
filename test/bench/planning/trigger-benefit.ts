import type { PassView } from "#coordinator/cycles/planning/assess-world.ts";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { YEAR_MS } from "#shared/units/time.ts";
import { alone, type BenchRow, median } from "#test/bench/compare.ts";
import {
  anEntry,
  aPassInput,
  aPolicy,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";

const STEP_MS = 30_000;
/** Half a day. */
const STEPS = 1_440;
const CALLS = -200;
const AVERSION = 1e-3;
const CALM_VOLATILITY = 0.5;
const STRESSED_VOLATILITY = 2;
/** Chance of a change per step: calm lasts four hours, stress half an hour. */
const TO_STRESS = STEP_MS / 14_400_000;
const TO_CALM = STEP_MS / 1_800_000;

const LIMITS = {
  riskAversionPerUsd: AVERSION,
  netDeltaLimitUsd: 1e7,
  hedgeNotionalMaxUsd: 1e6,
  bandCapNavFraction: 0.05,
};

type Triggers = Policy["triggers"];

function policyWith(
  triggers: Partial<Triggers>,
  forecast: Partial<Triggers["forecast"]> = {},
): Policy {
  const { triggers: given } = aPolicy();
  // A day is what is simulated: the long volatility has to be known within it.
  const halfLives = {
    longHalfLifeMs: 14_400_000,
    shortHalfLifeMs: 600_000,
    sampleEveryMs: STEP_MS,
  };
  return aPolicy(LIMITS, {
    triggers: {
      ...given,
      ...triggers,
      forecast: { ...given.forecast, ...halfLives, ...forecast },
    },
  });
}

const CHOICES: readonly { readonly name: string; readonly policy: Policy }[] = [
  { name: "threshold alone", policy: policyWith({}) },
  { name: "re-centring every 30 min", policy: policyWith({ recentreEveryMs: 1_800_000 }) },
  { name: "forecast, 50 % within 5 min", policy: policyWith({}, { isOn: true }) },
  {
    name: "forecast, 80 % within 5 min",
    policy: policyWith({}, { isOn: true, exitProbability: 0.8 }),
  },
  {
    name: "forecast, band to 70 % in stress",
    policy: policyWith({}, { isOn: true, exitProbability: 1, stressedBandFraction: 0.7 }),
  },
];

/** What hedging one path came to. */
type Outcome = {
  readonly costUsd: number;
  /** Sum of squares of net delta x move: the variance that hedging left. */
  readonly varianceUsd2: number;
  readonly outsideShare: number;
  readonly trades: number;
};

/**
 * What the timer and the forecast are worth against the threshold alone: passes of the planner every half minute over
 * half a day of seeded prices whose volatility jumps between 50 % and 200 %, for a book short of calls. A trade is done
 * at the next step's price. The figure to be least is cost + half the risk aversion x variance left, which is what the
 * band's formula makes least.
 */
export function triggerRows(seeds: number): BenchRow[] {
  const outcomes = CHOICES.map(({ policy }) => {
    return Array.from({ length: seeds }, (_, seed) => hedgePath(policy, seed + 1));
  });
  const [base = []] = outcomes;
  return CHOICES.map(({ name }, index) => {
    const own = outcomes[index] ?? [];
    const startedMs = performance.now();
    planPass(
      aPassInput([entryAt(NOW_MS, 2000, 100)], { policy: CHOICES[index]?.policy ?? aPolicy() }),
    );
    const tookUs = (performance.now() - startedMs) * 1000;
    const of = (value: (one: Outcome) => number): number => median(own.map(value));
    const better = own.filter((one, seed) => objective(one) < objective(base[seed] ?? one)).length;
    const note =
      `medians of ${seeds} paths: objective ${of(objective).toFixed(0)} USD, cost ${of((one) => one.costUsd).toFixed(0)} USD, ` +
      `${of((one) => one.trades).toFixed(0)} trades, outside the band ${(100 * of((one) => one.outsideShare)).toFixed(1)} %` +
      (index === 0 ? "" : `; better than the threshold alone on ${better}`);
    return alone(`hedging triggers: ${name}`, tookUs, note);
  });
}

function objective({ costUsd, varianceUsd2 }: Outcome): number {
  return costUsd + 0.5 * AVERSION * varianceUsd2;
}

function hedgePath(policy: Policy, seed: number): Outcome {
  const spots = pricePath(seed);
  let histories: PassView["histories"] = new Map();
  let [hedgeUnits, dueUnits, recentredAtMs] = [CALLS * -0.5, 0, NOW_MS];
  let [costUsd, varianceUsd2, outside, trades] = [0, 0, 0, 0];
  for (let step = 0; step + 1 < STEPS; step += 1) {
    const nowMs = NOW_MS + step * STEP_MS;
    const spotUsd = spots[step] ?? 0;
    if (dueUnits !== 0) {
      costUsd += tradeCostUsd(dueUnits, spotUsd);
      hedgeUnits += dueUnits;
      trades += 1;
    }
    const { recentreEveryMs } = policy.triggers;
    const isRecentreDue = recentreEveryMs !== null && nowMs - recentredAtMs >= recentreEveryMs;
    if (isRecentreDue) recentredAtMs = nowMs;
    const changes: Partial<PassInput> = { nowMs, policy, histories, isRecentreDue };
    const { decision, view } = planPass(aPassInput([entryAt(nowMs, spotUsd, hedgeUnits)], changes));
    histories = view.histories;
    const [eth] = decision.underlyings;
    const deltaUnits = eth?.netDeltaUnits ?? Number.NaN;
    varianceUsd2 += (deltaUnits * ((spots[step + 1] ?? 0) - spotUsd)) ** 2;
    outside += Math.abs(deltaUnits) > (eth?.halfWidthUnits ?? 0) ? 1 : 0;
    dueUnits = eth?.tradeUnits ?? 0;
  }
  return { costUsd, varianceUsd2, outsideShare: outside / STEPS, trades };
}

/** Fee and impact of the test pool, and its gas. */
function tradeCostUsd(units: number, spotUsd: number): number {
  const size = Math.abs(units);
  return size * spotUsd * (0.0005 + Math.max(0, size / 10 - 1) * 0.00025) + 0.4;
}

function entryAt(nowMs: number, spotUsd: number, hedgeUnits: number): BookEntry {
  const entry = anEntry({ shard: "base", calls: CALLS, cashUsd: 3_000_000, hedgeUnits, spotUsd });
  const by = nowMs - NOW_MS;
  const { report } = entry;
  const change = {
    block: { ...report.block, timestampMs: report.block.timestampMs + by },
    market: report.market.map((line) => ({
      ...line,
      spotUpdatedAtMs: line.spotUpdatedAtMs + by,
      volatility: line.volatility.map((slice) => ({
        ...slice,
        updatedAtMs: slice.updatedAtMs + by,
      })),
    })),
    collateral: report.collateral.map((line) => ({
      ...line,
      priceUpdatedAtMs: line.priceUpdatedAtMs + by,
    })),
  };
  return { report: { ...report, ...change }, acceptedAtMs: nowMs };
}

function pricePath(seed: number): number[] {
  const random = generator(seed);
  const spots = [2000];
  let isStressed = false;
  while (spots.length < STEPS) {
    if (random() < (isStressed ? TO_CALM : TO_STRESS)) isStressed = !isStressed;
    const volatility = isStressed ? STRESSED_VOLATILITY : CALM_VOLATILITY;
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const deviation = volatility * Math.sqrt(STEP_MS / YEAR_MS);
    spots.push((spots.at(-1) ?? 2000) * Math.exp(deviation * normal - deviation ** 2 / 2));
  }
  return spots;
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
