import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { YEAR_MS } from "#shared/units/time.ts";
import { alone, type BenchRow, median } from "#test/bench/compare.ts";
import {
  anEntry,
  aPassInput,
  aPolicy,
  BLOCK_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";
import { seededRandom } from "#test/support/maths/seeded-random.ts";

/** A block of Ethereum: what is decided in one is done in the next. */
const STEP_MS = 12_000;
/** Four hours. */
const STEPS = 1_200;
const CALLS = -200;
const VOLATILITY = 1.5;
const POOL_FEE = 0.003;
const PERP_FEE = 0.0005;
const CASH_USD = 3_000_000;

const LIMITS = { riskAversionPerUsd: 1e-3, netDeltaLimitUsd: 1e7, hedgeNotionalMaxUsd: 1e6 };

type Choice = { readonly name: string; readonly hasPerp: boolean; readonly policy: Policy };

const CHOICES: readonly Choice[] = [
  { name: "a pool alone", hasPerp: false, policy: aPolicy(LIMITS) },
  ...[0, 1, 2, 4].map((standingMarginHalfWidths): Choice => {
    const policy = aPolicy(LIMITS);
    const perps = { ...policy.perps, standingMarginHalfWidths };
    const name = `a perpetual besides, ${standingMarginHalfWidths} half-widths of margin`;
    return { name, hasPerp: true, policy: { ...policy, perps } };
  }),
];

type Outcome = {
  readonly costUsd: number;
  readonly outsideShare: number;
  readonly trades: number;
  readonly perpShare: number;
};

/**
 * What margin that stands in an account is worth: passes of the planner at every block of four hours of seeded prices at
 * 150 % volatility, for a shard short of calls with a pool at 0.3 % and a perpetual at 0.05 %. What a pass decides, margin
 * included, is there at the next block and at its price.
 */
export function marginRows(seeds: number): BenchRow[] {
  return CHOICES.map((choice) => {
    const startedMs = performance.now();
    const own = Array.from({ length: seeds }, (_, seed) => hedgePath(choice, seed + 1));
    const tookUs = ((performance.now() - startedMs) * 1000) / (seeds * STEPS);
    const of = (value: (one: Outcome) => number): number => median(own.map(value));
    const percent = (value: (one: Outcome) => number): string =>
      `${(100 * of(value)).toFixed(1)} %`;
    const note =
      `medians of ${seeds} paths: cost ${of((one) => one.costUsd).toFixed(0)} USD, ` +
      `${of((one) => one.trades).toFixed(0)} trades, ${percent((one) => one.perpShare)} of them on the perpetual, ` +
      `outside the band ${percent((one) => one.outsideShare)}`;
    return alone(`hedging with ${choice.name}`, tookUs, note);
  });
}

type Holdings = {
  hedgeUnits: number;
  sizeUnits: number;
  /** Worth of the account at the perpetual. */
  accountUsd: number;
  costUsd: number;
  trades: number;
  perpTrades: number;
};

function hedgePath({ hasPerp, policy }: Choice, seed: number): Outcome {
  const spots = pricePath(seed);
  const held: Holdings = {
    hedgeUnits: CALLS * -0.5,
    sizeUnits: 0,
    accountUsd: 0,
    costUsd: 0,
    trades: 0,
    perpTrades: 0,
  };
  let outside = 0;
  let due: readonly JobRecord[] = [];
  for (const [step, spotUsd] of spots.entries()) {
    held.accountUsd += held.sizeUnits * (spotUsd - (spots[step - 1] ?? spotUsd));
    for (const job of due) settle(held, job, spotUsd);
    const { decision, jobs } = planPass(
      aPassInput([entryOf(held, { spotUsd, hasPerp })], { policy, sequence: step + 1 }),
    );
    const [eth] = decision.underlyings;
    outside += Math.abs(eth?.netDeltaUnits ?? 0) > (eth?.halfWidthUnits ?? 0) ? 1 : 0;
    due = jobs;
  }
  const { costUsd, trades, perpTrades } = held;
  const perpShare = perpTrades / Math.max(1, trades);
  return { costUsd, trades, perpShare, outsideShare: outside / STEPS };
}

function settle(held: Holdings, { kind, expectedDeltaUnits, amountUsd }: JobRecord, spot: number) {
  if (kind === "margin-move") {
    held.accountUsd += amountUsd;
    held.costUsd += GAS_USD;
    return;
  }
  const isPerp = kind === "perp-change";
  const valueUsd = Math.abs(expectedDeltaUnits) * spot;
  const feeUsd = valueUsd * (isPerp ? PERP_FEE : POOL_FEE);
  held.costUsd += feeUsd + GAS_USD;
  held.trades += 1;
  if (isPerp) {
    held.sizeUnits += expectedDeltaUnits;
    held.accountUsd -= feeUsd;
    held.perpTrades += 1;
  } else held.hedgeUnits += expectedDeltaUnits;
}

const GAS_USD = 0.5;

function entryOf(
  held: Holdings,
  { spotUsd, hasPerp }: { readonly spotUsd: number; readonly hasPerp: boolean },
): BookEntry {
  const { sizeUnits, accountUsd, hedgeUnits } = held;
  const index = { indexUpdatedAtMs: BLOCK_MS - 500 };
  const perp = aPerpMarket({
    spotUsd,
    feeFraction: PERP_FEE,
    depthUsd: 20_000_000,
    sizeUnits,
    marginUsd: accountUsd,
    change: index,
  });
  return anEntry({
    shard: "base",
    calls: CALLS,
    cashUsd: CASH_USD,
    hedgeUnits: Math.max(0, hedgeUnits),
    spotUsd,
    feeFraction: POOL_FEE,
    ...(hasPerp ? { change: { perps: [perp] } } : {}),
  });
}

function pricePath(seed: number): number[] {
  const random = seededRandom(seed);
  const spots = [2000];
  const deviation = VOLATILITY * Math.sqrt(STEP_MS / YEAR_MS);
  while (spots.length < STEPS) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    spots.push((spots.at(-1) ?? 2000) * Math.exp(deviation * normal - deviation ** 2 / 2));
  }
  return spots;
}
