import type { BucketExposure } from "#coordinator/records/planning/bucket-exposure.ts";
import { gammaUsdPerPercent } from "#coordinator/stages/risk/measure-buckets.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

/** One limit of one bucket, and what trades add to it. */
export type BucketLimit = {
  readonly bucket: number;
  readonly name: "vega" | "gamma";
  /** Over all the ways jobs in flight may turn out, wherever silent shards' books are: what is certain to be beyond it is. */
  readonly certain: readonly [number, number];
  /** The same with silent shards' books at the ends of their own intervals: what may be. */
  readonly possible: readonly [number, number];
  readonly limit: number;
  /** USD that one unit beyond the limit costs. */
  readonly penaltyUsd: number;
};

/** Gamma and vega of a trade or of one option. */
type Sensitivity = {
  readonly gammaUnitsPerUsd: number;
  readonly vegaUsdPerVolPoint: number;
};

/** The limits the policy sets on an underlying's buckets; none where it sets none. */
export function bucketLimits(
  buckets: readonly BucketExposure[],
  { options }: Policy,
): BucketLimit[] {
  return buckets.flatMap((one, bucket): BucketLimit[] => {
    const { vegaUsdPerVolPoint: vega, gammaUsdPerPercent: gamma } = one;
    const limitOf = (
      name: BucketLimit["name"],
      { interval: [low, high], silent: [down, up] = [0, 0], limit }: typeof vega,
      penaltyUsd: number,
    ): BucketLimit[] => {
      if (limit === null) return [];
      const certain = [low + up, high + down] as const;
      const possible = [low + down, high + up] as const;
      return [{ bucket, name, certain, possible, limit, penaltyUsd }];
    };
    return [
      ...limitOf("vega", vega, options.vegaPenaltyUsd),
      ...limitOf("gamma", gamma, options.gammaPenaltyUsd),
    ];
  });
}

/** What a sensitivity is in a limit's unit. */
export function inLimitUnit(
  { name }: Pick<BucketLimit, "name">,
  one: Sensitivity,
  spotUsd: number,
): number {
  return name === "vega"
    ? one.vegaUsdPerVolPoint
    : gammaUsdPerPercent(one.gammaUnitsPerUsd, spotUsd);
}

/** How far a limit is certain to be exceeded, however jobs in flight turn out, once `added` is done; 0 within it. */
export function beyondLimit({ certain, limit }: BucketLimit, added = 0): number {
  const [low, high] = certain;
  return Math.max(0, high + added - limit, -(low + added) - limit);
}

/** Range of what may be added without worsening either end beyond the limit, or beyond where it is already. */
export function allowedChange({ possible, limit }: BucketLimit): readonly [number, number] {
  const [low, high] = possible;
  return [Math.min(0, -limit - low), Math.max(0, limit - high)];
}
