import type { World } from "#coordinator/cycles/planning/assess-world.ts";
import type { FoundPlan } from "#coordinator/cycles/planning/plan-greedily.ts";
import type { PreparedPass } from "#coordinator/cycles/planning/prepare-pass.ts";
import { reportRefOf } from "#coordinator/records/book-entry.ts";
import type {
  DecisionRecord,
  DecisionTrigger,
  UnderlyingDecision,
} from "#coordinator/records/planning/decision-record.ts";
import type { PlanReport } from "#coordinator/records/planning/plan-report.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { levelOf } from "#coordinator/records/safety/breaker-state.ts";
import { judgeTier, measureNetting } from "#coordinator/stages/bands/judge-tier.ts";
import { nameTriggers } from "#coordinator/stages/bands/name-triggers.ts";
import { shortfalls, shortfallText } from "#coordinator/stages/plans/find-shortfalls.ts";
import { type HedgePlan, neededUnits } from "#coordinator/stages/plans/plan-hedges.ts";

/** A decision before it has an id and jobs. */
export type DecisionContent = Omit<DecisionRecord, "planId" | "jobIds" | "treasury">;

/** What a pass saw and found, as it is recorded. */
export function decisionContent(
  prepared: PreparedPass,
  { hedges, options, transfers }: FoundPlan,
  plan: PlanReport | null,
): DecisionContent {
  const { input, world, reportSetHash } = prepared;
  const { view, fresh, stale } = world;
  const { underlyings, version } = input.policy;
  const quanta = Object.entries(underlyings).map(([ticker, limits]) => [
    ticker,
    limits.deltaQuantumUnits,
  ]);
  return {
    sequence: input.sequence,
    atMs: input.nowMs,
    trigger: input.trigger,
    triggers: [...triggersOf(prepared), ...orderTriggers(world)],
    policyVersion: version,
    shadow: input.shadow,
    mode: view.mode.mode,
    snapshot: [...view.snapshot.underlyings.values()].map((one) => ({
      underlying: one.underlying,
      spotUsd: one.spotUsd,
      sources: one.sources.map((source) => ({ ...source })),
      volatilitySource: one.volatilitySource,
      refused: one.refused,
    })),
    deltaQuantumUnits: Object.fromEntries(quanta),
    underlyings: [...hedges].map(([ticker, hedge]) => underlyingDecision(ticker, world, hedge)),
    capital: capitalDecision(world),
    optionTrades: options.actions.map(optionDecision),
    transfers: [...prepared.ordered.transfers, ...transfers.transfers],
    blocked: [
      ...view.mode.reasons,
      ...input.standstill,
      ...[...hedges.values()].flatMap((hedge) => hedge.blocked),
      ...options.blocked,
      ...transfers.blocked,
    ],
    reportSet: fresh.map(reportRefOf),
    reportSetHash,
    plan,
    safety: safetyOf(world),
    staleReports: stale.map(reportRefOf),
  };
}

function orderTriggers({ view }: World): DecisionTrigger[] {
  return view.orders
    .filter((one) => one.state === "working")
    .map(({ shard, kind, reason }) => {
      return { kind: "operator", subject: shard, detail: `${kind}: ${reason}` } as const;
    });
}

function safetyOf({ view }: World): DecisionRecord["safety"] {
  const tripped = Object.values(view.safety.memory.breakers).filter(
    (one) => levelOf(one) !== "run",
  );
  return {
    breakers: tripped.map((one) => {
      const { kind, scope, value, detail } = one;
      const level = levelOf(one);
      const { onSinceMs } = level === "halt" ? one.halt : one.reduceOnly;
      return { kind, scope, level, value, detail, sinceMs: onSinceMs };
    }),
    events: [...view.safety.events],
    quarantined: [...view.statuses.values()].flatMap(({ shard, mode }) => {
      return mode === "quarantined" ? [shard] : [];
    }),
    orders: [...view.orders],
  };
}

function optionDecision({ params, effect }: PlannedAction): DecisionRecord["optionTrades"][number] {
  const { underlying, shard, amountUsd } = effect;
  const trade = params.kind === "option-trade" ? params : undefined;
  return {
    underlying: underlying ?? "",
    shard,
    action: trade === undefined ? "bring cash" : "trade",
    strikeId: trade?.strikeId ?? null,
    optionType: trade?.optionType ?? null,
    quantityE18: trade?.quantityE18 ?? null,
    amountUsd,
  };
}

function capitalDecision({ view, policy }: World): DecisionRecord["capital"] {
  const shards = [...view.capital.values()].map((one) => ({
    shard: one.shard,
    collateralUsdAfterHaircut: one.collateralUsdAfterHaircut,
    requiredCapitalUsd: one.requiredCapitalUsd,
    mutualUsd: view.valuations.get(one.shard)?.mutualUsd ?? null,
    surplusUsd: one.surplusUsd,
    riskAdjustedCapitalUsd: view.adjusted.byShard.get(one.shard) ?? null,
  }));
  return {
    mutualisedFraction: policy.capital.mutualisedFraction,
    shards,
    riskAdjustedCapitalUsd: view.adjusted.totalUsd,
  };
}

function triggersOf({ input, world }: PreparedPass): DecisionTrigger[] {
  const { view, inputs, effects, policy } = world;
  const context = { inputs, effects, policy };
  const short = shortfalls(context).map((one): [string, string] => {
    return [one.setup.shard, shortfallText(one, context)];
  });
  return nameTriggers({
    cause: input.trigger,
    nets: view.nets,
    bands: view.bands,
    early: view.early,
    emergencies: view.emergencies,
    shortfalls: new Map(short),
    policy,
  });
}

function underlyingDecision(ticker: string, world: World, hedge: HedgePlan): UnderlyingDecision {
  const { view } = world;
  const outcome = view.nets.get(ticker);
  const net = outcome?.netted === true ? outcome.net : undefined;
  return {
    underlying: ticker,
    spotUsd: view.snapshot.underlyings.get(ticker)?.spotUsd ?? null,
    netDeltaUnits: net?.greeks.deltaUnits ?? null,
    inFlightDeltaUnits: net?.inFlightDeltaUnits ?? 0,
    deltaIntervalUnits: net === undefined ? null : [...net.limitIntervalUnits],
    gammaUnitsPerUsd: net?.greeks.gammaUnitsPerUsd ?? null,
    halfWidthUnits: view.halfWidthUnits.get(ticker) ?? null,
    band: view.bands.get(ticker) ?? null,
    forecast: view.forecasts.get(ticker) ?? null,
    ...tierOf(ticker, world),
    buckets: [...(view.buckets.get(ticker) ?? [])],
    action: hedge.action,
    reason: hedge.reason,
    tradeUnits: hedge.tradeUnits,
  };
}

type Tiered = Pick<UnderlyingDecision, "tier" | "grossDeltaUnits" | "nettedDeltaUnits">;

function tierOf(ticker: string, { view, policy }: World): Tiered {
  const outcome = view.nets.get(ticker);
  const band = view.bands.get(ticker);
  if (outcome?.netted !== true || band === undefined)
    return { tier: null, grossDeltaUnits: null, nettedDeltaUnits: null };
  const owns = [...view.valuations.values()].flatMap((one) => one.underlyings.get(ticker) ?? []);
  const netting = measureNetting(owns);
  const due = neededUnits({ net: outcome.net, ...band, policy });
  const tier = judgeTier({
    isEmergency: view.emergencies.has(ticker),
    isDue: typeof due === "number",
    actFromUnits: band.actFromUnits,
    netting,
  });
  return { tier, ...netting };
}
