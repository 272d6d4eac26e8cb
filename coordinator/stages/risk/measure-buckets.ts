import type {
  BucketExposure,
  BucketMeasure,
} from "#coordinator/records/planning/bucket-exposure.ts";
import { isExpected, type PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { SilentGreeks } from "#coordinator/records/planning/shard-valuation.ts";
import type { NetUnderlying } from "#coordinator/stages/risk/net-risk.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

const DAY_MS = 86_400_000;

/** A stretch of expiries, from excluded and to included, in days from now. */
export type Bucket = { readonly fromDays: number; readonly toDays: number | null };

/** Buckets of the policy; the last has no end. */
export function expiryBuckets({ planning }: Policy): Bucket[] {
  const edges = [...new Set(planning.expiryBucketDays)].sort((left, right) => left - right);
  return [0, ...edges].map((fromDays, index) => ({ fromDays, toDays: edges[index] ?? null }));
}

/** Index of the bucket an expiry is in. */
export function bucketOf(expiryMs: number, nowMs: number, buckets: readonly Bucket[]): number {
  const days = (expiryMs - nowMs) / DAY_MS;
  const at = buckets.findIndex(({ toDays }) => toDays === null || days <= toDays);
  return at === -1 ? buckets.length - 1 : at;
}

/** USD of delta that a move of spot by 1 % changes, from gamma in units per USD. */
export function gammaUsdPerPercent(gammaUnitsPerUsd: number, spotUsd: number): number {
  return gammaUnitsPerUsd * spotUsd * spotUsd * 0.01;
}

/**
 * Net vega and gamma of an underlying per expiry bucket, with each job in flight done or not, against the policy's limits;
 * and how much lower and higher the books of silent shards may make them. One entry per bucket, soonest first. A measure
 * only: it decides nothing.
 */
export function measureBuckets(
  net: NetUnderlying,
  effects: readonly PendingEffect[],
  context: { readonly spotUsd: number; readonly nowMs: number; readonly policy: Policy },
): BucketExposure[] {
  const { spotUsd, nowMs, policy } = context;
  const buckets = expiryBuckets(policy);
  const limits = policy.underlyings[net.underlying];
  const uncertain = effects.filter((effect) => {
    return effect.underlying === net.underlying && effect.isPendingAtShard && !effect.isCertain;
  });
  return buckets.map((bucket, index): BucketExposure => {
    const isIn = (expiryMs: number | null): boolean => {
      return expiryMs !== null && bucketOf(expiryMs, nowMs, buckets) === index;
    };
    const lines = net.byExpiry.filter((line) => isIn(line.expiryMs));
    const jobs = uncertain.flatMap((effect) => {
      const { option } = effect;
      return option !== null && isIn(option.expiryMs)
        ? [{ option, turned: isExpected(effect) ? -1 : 1 }]
        : [];
    });
    const silent = (net.silent ?? []).map((one) => ({
      book: one.book.filter((line) => isIn(line.expiryMs)),
      unseen: one.unseen.filter((line) => isIn(line.expiryMs)),
    }));
    const toUsd = (gamma: number): number => gammaUsdPerPercent(gamma, spotUsd);
    return {
      ...bucket,
      vegaUsdPerVolPoint: {
        ...measure(
          sum(lines.map((line) => line.greeks.vegaUsdPerVolPoint)),
          jobs.map(({ option, turned }) => turned * option.vegaUsdPerVolPoint),
          limits?.vegaLimitUsdPerVolPoint ?? null,
        ),
        ...unknown(silent, "vegaUsdPerVolPoint", (vega) => vega),
      },
      gammaUsdPerPercent: {
        ...measure(
          toUsd(sum(lines.map((line) => line.greeks.gammaUnitsPerUsd))),
          jobs.map(({ option, turned }) => toUsd(turned * option.gammaUnitsPerUsd)),
          limits?.gammaLimitUsdPerPercent ?? null,
        ),
        ...unknown(silent, "gammaUnitsPerUsd", toUsd),
      },
    };
  });
}

/**
 * How much lower and higher silent shards' books may make a figure: each after the move that does most, with what may have
 * been traded unseen at the expiry where it does most.
 */
function unknown(
  silent: readonly SilentGreeks[],
  greek: "vegaUsdPerVolPoint" | "gammaUnitsPerUsd",
  inUnit: (value: number) => number,
): Pick<BucketMeasure, "silent"> {
  if (silent.length === 0) return {};
  const ranges = silent.map(({ book, unseen }): [number, number] => {
    const moves = book[0]?.[greek].map((_, at) => sum(book.map((line) => line[greek][at] ?? 0)));
    const traded = Math.max(0, ...unseen.map((line) => Math.abs(line[greek])));
    return [Math.min(0, ...(moves ?? [])) - traded, Math.max(0, ...(moves ?? [])) + traded];
  });
  const [down, up] = [sum(ranges.map(([low]) => low)), sum(ranges.map(([, high]) => high))];
  return { silent: [inUnit(down), inUnit(up)] };
}

/** @param turned What each job in flight adds when it turns out other than expected. */
function measure(net: number, turned: readonly number[], limit: number | null): BucketMeasure {
  const low = net + sum(turned.map((change) => Math.min(0, change)));
  const high = net + sum(turned.map((change) => Math.max(0, change)));
  const far = Math.max(Math.abs(low), Math.abs(high));
  return { net, interval: [low, high], limit, usage: limit === null ? null : far / limit };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
