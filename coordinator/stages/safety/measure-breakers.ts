import { type BookEntry, entryAgeMs } from "#coordinator/records/book-entry.ts";
import type { JobOutcome } from "#coordinator/records/jobs/job-outcome.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import {
  type BreakerMeasure,
  type BreakerState,
  GLOBAL_SCOPE,
} from "#coordinator/records/safety/breaker-state.ts";
import type { RefusalRun } from "#coordinator/records/safety/refusal-run.ts";
import type { ShardTrust } from "#coordinator/records/safety/shard-trust.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { medianOf } from "#coordinator/stages/risk/snapshot-market.ts";
import { measureRefusals } from "#coordinator/stages/safety/measure-refusals.ts";
import { measureRoutes } from "#coordinator/stages/safety/measure-routes.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";

export type MeasureContext = {
  readonly setups: ReadonlyMap<string, ShardSetup>;
  readonly entries: readonly BookEntry[];
  /** Shards whose book is only carried: their feeds say nothing of now. */
  readonly carried: ReadonlySet<string>;
  readonly jobs: readonly JobRecord[];
  /** Cross-chain messages that something can still change. */
  readonly messages: readonly TransferRecord[];
  readonly outcomes: readonly JobOutcome[];
  /** By shard; those that were never looked at are left out. */
  readonly trust: Readonly<Record<string, ShardTrust>>;
  /** By what the breaker of it watches over. */
  readonly refusals: Readonly<Record<string, RefusalRun>>;
  /** Breakers of before: what is not seen any more is measured as over. */
  readonly before: readonly BreakerState[];
  readonly policy: Policy;
  readonly nowMs: number;
};

/** Every measure but those of losses (track-capital.ts). Pure; in no particular order. */
export function measureBreakers(context: MeasureContext): BreakerMeasure[] {
  return [
    ...reportAges(context),
    ...unseenChains(context),
    ...oracleDisagreements(context),
    ...settlementPegs(context),
    ...slippages(context),
    ...venueFailures(context),
    ...measureRefusals({ ...context, rule: context.policy.breakers.tradeRefusals }),
    ...measureRoutes(context),
  ];
}

/** A shard that has not reported yet since ever is waited for, not missed. */
function reportAges({ setups, entries, nowMs }: MeasureContext): BreakerMeasure[] {
  const ages = entries.flatMap((entry): { shard: string; ratio: number }[] => {
    const setup = setups.get(entry.report.shard);
    if (setup === undefined) return [];
    return [
      { shard: setup.shard, ratio: Math.max(0, entryAgeMs(entry, nowMs) / setup.staleAfterMs) },
    ];
  });
  const stale = ages.filter(({ ratio }) => ratio > 1).length;
  const share = ages.length === 0 ? 0 : stale / ages.length;
  const detail = `${stale} of ${ages.length} shards without a fresh report`;
  return [
    ...ages.map(({ shard, ratio }): BreakerMeasure => {
      const age = `last report at ${ratio.toFixed(1)} of its age limit`;
      return { kind: "reportAge", scope: `shard:${shard}`, value: ratio, detail: age };
    }),
    { kind: "staleShare", scope: GLOBAL_SCOPE, value: share, detail },
  ];
}

/** While its chain, or a part of it, does not show, a shard could say of it what it likes. */
function unseenChains({ setups, trust, nowMs }: MeasureContext): BreakerMeasure[] {
  return Object.entries(trust).flatMap(([shard, { unseen }]): BreakerMeasure[] => {
    if (!setups.has(shard)) return [];
    const value = unseen === null ? 0 : Math.max(0, nowMs - unseen.sinceMs);
    const detail = unseen === null ? "all of it was seen" : `not seen: ${unseen.parts.join(", ")}`;
    return [{ kind: "unseenChain", scope: `shard:${shard}`, value, detail }];
  });
}

/** Only fresh feeds of shards that report; the distance is of the underlying where it is largest. */
function oracleDisagreements(context: MeasureContext): BreakerMeasure[] {
  const { entries, carried, policy, nowMs } = context;
  const feeds = entries
    .filter((entry) => !carried.has(entry.report.shard))
    .flatMap(({ report }) => report.market.map((line) => ({ shard: report.shard, line })))
    .filter(({ line }) => nowMs - line.spotUpdatedAtMs <= policy.staleness.feedMaxMs);
  const shards = new Set(entries.map((entry) => entry.report.shard));
  return [...shards].map((shard): BreakerMeasure => {
    const own = feeds.filter((feed) => feed.shard === shard);
    const distances = own.map(({ line }) => {
      const all = feeds.filter((feed) => feed.line.underlying === line.underlying);
      const median = medianOf(all.map((feed) => feed.line.spotUsd)) ?? line.spotUsd;
      return { source: line.source, value: Math.abs(line.spotUsd / median - 1) };
    });
    const worst = distances.sort((one, other) => other.value - one.value)[0];
    const detail = worst === undefined ? "no fresh feed" : `${worst.source} against the median`;
    return {
      kind: "oracleDisagreement",
      scope: `shard:${shard}`,
      value: worst?.value ?? null,
      detail,
    };
  });
}

/** Options and capital count one settlement unit as one USD; a unit that is worth less is not seen by any spot feed. */
function settlementPegs({ entries, carried, policy, nowMs }: MeasureContext): BreakerMeasure[] {
  const feeds = entries
    .filter(({ report }) => !carried.has(report.shard))
    .flatMap(({ report }) => {
      const line = report.collateral.find((one) => one.underlying === null);
      const isFresh =
        line !== undefined && nowMs - line.priceUpdatedAtMs <= policy.staleness.feedMaxMs;
      return isFresh ? [{ shard: report.shard, priceUsd: line.priceUsd }] : [];
    });
  const measure = (scope: string, priceUsd: number | null): BreakerMeasure => {
    const value = priceUsd === null ? null : Math.abs(priceUsd - 1);
    const detail = priceUsd === null ? "no fresh feed" : `settlement asset at ${priceUsd} USD`;
    return { kind: "settlementPeg", scope, value, detail };
  };
  return [
    measure(GLOBAL_SCOPE, medianOf(feeds.map((one) => one.priceUsd))),
    ...entries.map(({ report }) => {
      const own = feeds.find((one) => one.shard === report.shard);
      return measure(`shard:${report.shard}`, own?.priceUsd ?? null);
    }),
  ];
}

/** Cost of the settled swaps of the window as a share of what they were allowed; 0 while they are too few. */
function slippages({ setups, outcomes, policy, nowMs }: MeasureContext): BreakerMeasure[] {
  const { windowMs, jobsMin } = policy.breakers.hedgeSlippage;
  const fills = outcomes.flatMap(({ shard, atMs, fill, underlying }) => {
    if (fill === null || underlying === null || atMs <= nowMs - windowMs) return [];
    const allowedUsd = fill.notionalUsd * slippageMaxFraction(policy, underlying);
    return [{ shard, costUsd: fill.costUsd, allowedUsd }];
  });
  const measure = (scope: string, some: typeof fills): BreakerMeasure => {
    const sum = (field: "costUsd" | "allowedUsd"): number =>
      some.reduce((total, one) => total + one[field], 0);
    const isEnough = some.length >= jobsMin && sum("allowedUsd") > 0;
    const value = isEnough ? Math.max(0, sum("costUsd") / sum("allowedUsd")) : 0;
    return { kind: "hedgeSlippage", scope, value, detail: `over ${some.length} hedges` };
  };
  return [
    measure(GLOBAL_SCOPE, fills),
    ...[...setups.keys()].map((shard) =>
      measure(
        `shard:${shard}`,
        fills.filter((one) => one.shard === shard),
      ),
    ),
  ];
}

function venueFailures({ outcomes, before, policy, nowMs }: MeasureContext): BreakerMeasure[] {
  const { windowMs, jobsMin } = policy.breakers.venueFailures;
  const recent = outcomes.filter((one) => {
    return one.venue !== null && one.atMs > nowMs - windowMs && (one.isDone || one.isVenueFailure);
  });
  const scopeOf = (one: JobOutcome): string => `venue:${one.shard}/${one.venue}`;
  const scopes = new Set([...recent.map(scopeOf), ...scopesOf(before, "venueFailures")]);
  return [...scopes].map((scope): BreakerMeasure => {
    const some = recent.filter((one) => scopeOf(one) === scope);
    const failed = some.filter((one) => one.isVenueFailure).length;
    const value = some.length < jobsMin ? 0 : failed / some.length;
    const detail = `${failed} of ${some.length} jobs came to nothing`;
    return { kind: "venueFailures", scope, value, detail };
  });
}

function scopesOf(before: readonly BreakerState[], kind: BreakerState["kind"]): string[] {
  return before.filter((one) => one.kind === kind).map((one) => one.scope);
}
