import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { assessSafety, type SafetyOutcome } from "#coordinator/cycles/safety/assess-safety.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { holdOf, isHeld } from "#coordinator/records/jobs/transfer-record.ts";
import type { BucketExposure } from "#coordinator/records/planning/bucket-exposure.ts";
import type { MarketSnapshot } from "#coordinator/records/planning/market-snapshot.ts";
import {
  type PendingEffect,
  pendingEffects,
} from "#coordinator/records/planning/pending-effect.ts";
import type { ShardValuation } from "#coordinator/records/planning/shard-valuation.ts";
import type { SafetyMemory } from "#coordinator/records/safety/safety-memory.ts";
import type { OrderProgress } from "#coordinator/records/safety/shard-order.ts";
import type { TakeOverState } from "#coordinator/records/take-over-state.ts";
import { type SettledBands, settleBands } from "#coordinator/stages/bands/settle-bands.ts";
import { type AdjustedCapital, adjustCapital } from "#coordinator/stages/capital/adjust-capital.ts";
import type { CapitalAssessment } from "#coordinator/stages/capital/assess-capital.ts";
import { assessAll, withMutualShares } from "#coordinator/stages/capital/assess-shards.ts";
import { mandateWindow, windowProblem } from "#coordinator/stages/jobs/issue-jobs.ts";
import { laggingReports } from "#coordinator/stages/jobs/lagging-reports.ts";
import { measureBuckets } from "#coordinator/stages/risk/measure-buckets.ts";
import { type NetOutcome, netRisk } from "#coordinator/stages/risk/net-risk.ts";
import { snapshotMarket } from "#coordinator/stages/risk/snapshot-market.ts";
import { valueBooks } from "#coordinator/stages/risk/value-books.ts";
import { emergencyPolicy, findEmergencies } from "#coordinator/stages/safety/find-emergencies.ts";
import {
  distrustedFeeds,
  globalLevel,
  safetyOfShards,
} from "#coordinator/stages/safety/judge-breakers.ts";
import { judgeMode, type ModeJudgement } from "#coordinator/stages/safety/judge-mode.ts";
import { judgeShard, type ShardStatus } from "#coordinator/stages/safety/judge-shard.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

/** What a pass saw, for the operator. */
export type PassView = SettledBands & {
  readonly atMs: number;
  readonly snapshot: MarketSnapshot;
  readonly nets: ReadonlyMap<string, NetOutcome>;
  /** Vega and gamma per expiry bucket, of the underlyings that are netted and priced. */
  readonly buckets: ReadonlyMap<string, readonly BucketExposure[]>;
  /** Underlyings in emergency, and why. */
  readonly emergencies: ReadonlyMap<string, string>;
  readonly mode: ModeJudgement;
  readonly statuses: ReadonlyMap<string, ShardStatus>;
  readonly valuations: ReadonlyMap<string, ShardValuation>;
  readonly capital: ReadonlyMap<string, CapitalAssessment>;
  /** Risk-Adjusted Capital. */
  readonly adjusted: AdjustedCapital;
  readonly safety: SafetyOutcome;
  /** How far people's orders have come; none before they are planned. */
  readonly orders: readonly OrderProgress[];
};

/** What planning needs of the world. */
export type World = {
  readonly view: PassView;
  readonly fresh: readonly BookEntry[];
  readonly stale: readonly BookEntry[];
  readonly effects: readonly PendingEffect[];
  /** Status without the halt's effect: a halt may leave reducing hedges open. */
  readonly inputs: readonly ShardInput[];
  readonly nativeUsd: ReadonlyMap<string, number>;
  /** The policy with what it allows in an emergency where there is one: plans are made under this one. */
  readonly policy: Policy;
};

/** Values, nets and judges everything on one snapshot; decides nothing. */
export function assessWorld(input: PassInput): World {
  const { entries, policy, nowMs } = input;
  const { fresh, stale } = byCarried(input);
  const carried = new Set(stale.map((entry) => entry.report.shard));
  const unheard = new Set([...carried, ...distrustedFeeds(input.safety.memory)]);
  const snapshot = snapshotMarket(entries, policy, nowMs, unheard);
  const valued = valueBooks(entries, snapshot, carried, policy.quarantine);
  const safety = assessSafety(input, { valued, carried, snapshot });
  const effects = effectsOf(input);
  const nets = netWorld(valued, effects, input);
  const orders = {
    manual: input.manualHalt,
    invariant: input.brokenInvariant,
    breakers: globalLevel(safety.memory.breakers),
  };
  const mode = judgeMode(orders, withSpots(nets, snapshot), policy);
  const unhalted = judgeShards(input, safety.memory, []);
  const shared = withMutualShares(valued, { ...input, statuses: unhalted, effects });
  const inputs = shardInputs(input, shared, withWindow(input, unhalted, fresh));
  const spots = spotsOf(snapshot);
  const nativeUsd = new Map([...Object.entries(policy.planning.nativeUsd), ...spots]);
  const navUsd = valued.reduce((total, valuation) => total + valuation.equityUsd, 0);
  const assessed = assessAll(inputs, effects, policy);
  const capital = assessed.map((one) => one.capital);
  const emergencies = findEmergencies({
    nets,
    spotUsd: spots,
    policy,
    capital,
    isWhole: valued.every((one) => one.unvalued.size === 0) && !hasDoubt(effects),
    breakers: safety.memory.breakers,
  });
  const settled = settleBands({
    nets,
    policy,
    inputs,
    nativeUsd,
    snapshot,
    navUsd,
    isRecentreDue: input.isRecentreDue === true,
    histories: input.histories ?? new Map(),
  });
  return {
    view: {
      atMs: nowMs,
      snapshot,
      nets,
      ...settled,
      buckets: bucketsOf(nets, effects, { spots, nowMs, policy }),
      emergencies,
      mode,
      statuses: judgeShards(input, safety.memory, mode.mode === "halt" ? mode.reasons : []),
      valuations: new Map(shared.map((one) => [one.shard, one])),
      capital: new Map(capital.map((one) => [one.shard, one])),
      adjusted: adjustCapital(assessed, snapshot, policy),
      safety,
      orders: [],
    },
    fresh,
    stale,
    effects,
    inputs,
    nativeUsd,
    policy: emergencyPolicy(policy, emergencies),
  };
}

function effectsOf(input: PassInput): PendingEffect[] {
  const { entries, heldTransfers, jobs, setups, creditsInDoubt: inDoubt = new Set() } = input;
  const held = new Set((heldTransfers ?? []).filter(isHeld).map((one) => one.guid));
  const blocks = entries.map(({ report }): [string, number] => {
    return [report.shard, report.block.timestampMs];
  });
  return pendingEffects(jobs, setups, { held, bookBlockMs: new Map(blocks), inDoubt });
}

/** While a credit is in doubt it is not known what all have together: no emergency is found in that. */
function hasDoubt(effects: readonly PendingEffect[]): boolean {
  return effects.some(({ isCreditInDoubt }) => isCreditInDoubt === true);
}

/** Books to decide on, and books that are only carried: neither needs a valuation to be told apart. */
function byCarried(input: PassInput): Record<"fresh" | "stale", BookEntry[]> {
  const statuses = judgeShards(input, input.safety.memory, []);
  const isCarried = ({ report }: BookEntry): boolean =>
    statuses.get(report.shard)?.isCarried === true;
  const stale = input.entries.filter(isCarried);
  return { fresh: input.entries.filter((entry) => !isCarried(entry)), stale };
}

function judgeShards(
  input: PassInput,
  memory: SafetyMemory,
  haltReasons: readonly string[],
): Map<string, ShardStatus> {
  const statuses = judgeEach(input, { memory, haltReasons, lagging: new Set() });
  const fresh = input.entries.filter(({ report }) => {
    return statuses.get(report.shard)?.isCarried === false;
  });
  const lagging = laggingReports(fresh, input);
  return lagging.size === 0 ? statuses : judgeEach(input, { memory, haltReasons, lagging });
}

function judgeEach(
  input: PassInput,
  o: {
    readonly memory: SafetyMemory;
    readonly haltReasons: readonly string[];
    readonly lagging: ReadonlySet<string>;
  },
): Map<string, ShardStatus> {
  const { memory, haltReasons } = o;
  const entries = new Map(input.entries.map((entry) => [entry.report.shard, entry]));
  const safetyOf = safetyOfShards(memory);
  const statuses = [...input.setups.values()].map((setup) => {
    const takeOver = input.takeOvers.get(setup.shard) ?? notBegun;
    const isReduceOnly = input.policy.reduceOnlyShards.includes(setup.shard);
    const entry = entries.get(setup.shard);
    const safety = safetyOf(setup.shard);
    const { nowMs, heldTransfers = [] } = input;
    const hold = holdOf(heldTransfers, setup.shard);
    const isLagging = o.lagging.has(setup.shard);
    const judged = { setup, entry, takeOver, isReduceOnly, isLagging, hold, haltReasons };
    return judgeShard({ ...judged, nowMs, safety });
  });
  return new Map(statuses.map((status) => [status.shard, status]));
}

const notBegun: TakeOverState = {
  state: "waiting",
  reason: "take-over has not begun",
  isReachable: true,
};

/** Takes jobs away from shards that could not execute within the mandates' window. */
function withWindow(
  input: PassInput,
  statuses: ReadonlyMap<string, ShardStatus>,
  fresh: readonly BookEntry[],
): Map<string, ShardStatus> {
  const window = mandateWindow(fresh, input.setups, input.policy, input.nowMs);
  return new Map(
    [...statuses].map(([shard, status]) => {
      const setup = input.setups.get(shard);
      const problem = setup === undefined ? undefined : windowProblem(window, setup, input.nowMs);
      if (problem === undefined || !status.takesJobs) return [shard, status];
      return [shard, { ...status, takesJobs: false, reasons: [...status.reasons, problem] }];
    }),
  );
}

function shardInputs(
  input: PassInput,
  valued: readonly ShardValuation[],
  statuses: ReadonlyMap<string, ShardStatus>,
): ShardInput[] {
  return valued.flatMap((valuation) => {
    const setup = input.setups.get(valuation.shard);
    const status = statuses.get(valuation.shard);
    return setup === undefined || status === undefined ? [] : [{ setup, status, valuation }];
  });
}

/** Nets every underlying of the policy. */
export function netWorld(
  valued: readonly ShardValuation[],
  effects: readonly PendingEffect[],
  { policy, setups }: PassInput,
): Map<string, NetOutcome> {
  const known = new Set(valued.map((valuation) => valuation.shard));
  const missing = [...setups.keys()].filter((shard) => !known.has(shard));
  return new Map(
    Object.entries(policy.underlyings).map(([ticker, limits]) => {
      const { deltaQuantumUnits } = limits;
      return [ticker, netRisk(ticker, valued, effects, { missing, deltaQuantumUnits })];
    }),
  );
}

type NetAndSpot = { readonly outcome: NetOutcome; readonly spotUsd: number | null };

function withSpots(
  nets: ReadonlyMap<string, NetOutcome>,
  snapshot: MarketSnapshot,
): Map<string, NetAndSpot> {
  return new Map(
    [...nets].map(([ticker, outcome]): [string, NetAndSpot] => {
      return [ticker, { outcome, spotUsd: snapshot.underlyings.get(ticker)?.spotUsd ?? null }];
    }),
  );
}

function bucketsOf(
  nets: ReadonlyMap<string, NetOutcome>,
  effects: readonly PendingEffect[],
  context: {
    readonly spots: ReadonlyMap<string, number>;
    readonly nowMs: number;
    readonly policy: Policy;
  },
): Map<string, BucketExposure[]> {
  const { spots, nowMs, policy } = context;
  return new Map(
    [...nets].flatMap(([ticker, outcome]): [string, BucketExposure[]][] => {
      const spotUsd = spots.get(ticker);
      if (!outcome.netted || spotUsd === undefined) return [];
      return [[ticker, measureBuckets(outcome.net, effects, { spotUsd, nowMs, policy })]];
    }),
  );
}

/** Spot by ticker. */
function spotsOf(snapshot: MarketSnapshot): Map<string, number> {
  return new Map(
    [...snapshot.underlyings.values()].flatMap((one): [string, number][] => {
      return one.spotUsd === null ? [] : [[one.underlying, one.spotUsd]];
    }),
  );
}
