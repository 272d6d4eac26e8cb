import type { BucketExposure, BucketMeasure } from "#coordinator/records/bucket-exposure.ts";
import type { PendingEffect } from "#coordinator/records/pending-effect.ts";
import type { NetUnderlying } from "#coordinator/stages/net-risk.ts";
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
 * Net vega and gamma of an underlying per expiry bucket, with each job in flight done or not, against the policy's limits.
 * One entry per bucket, soonest first. A measure only: it decides nothing.
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
    const jobs = uncertain.flatMap(({ option }) => {
      return option !== null && isIn(option.expiryMs) ? [option] : [];
    });
    const toUsd = (gamma: number): number => gammaUsdPerPercent(gamma, spotUsd);
    return {
      ...bucket,
      vegaUsdPerVolPoint: measure(
        sum(lines.map((line) => line.greeks.vegaUsdPerVolPoint)),
        jobs.map((job) => job.vegaUsdPerVolPoint),
        limits?.vegaLimitUsdPerVolPoint ?? null,
      ),
      gammaUsdPerPercent: measure(
        toUsd(sum(lines.map((line) => line.greeks.gammaUnitsPerUsd))),
        jobs.map((job) => toUsd(job.gammaUnitsPerUsd)),
        limits?.gammaLimitUsdPerPercent ?? null,
      ),
    };
  });
}

function measure(net: number, jobs: readonly number[], limit: number | null): BucketMeasure {
  const low = net - sum(jobs.map((job) => Math.max(0, job)));
  const high = net - sum(jobs.map((job) => Math.min(0, job)));
  const far = Math.max(Math.abs(low), Math.abs(high));
  return { net, interval: [low, high], limit, usage: limit === null ? null : far / limit };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
