import { isInFlight, type JobRecord } from "#coordinator/records/job-record.ts";

/** What a job that is in flight, or just planned, will change, and which books already show it. */
export type PendingEffect = {
  readonly kind: "swap" | "transfer";
  readonly shard: string;
  /** Shard a transfer goes to; null for swaps. */
  readonly target: string | null;
  readonly underlying: string | null;
  /** Expected change of the shard's delta; positive bought. */
  readonly deltaUnits: number;
  readonly amountUsd: number;
  /** Raw amount that leaves the shard: settlement asset for buys and transfers, the underlying for sells. */
  readonly outRaw: bigint;
  /** True until the shard's own book shows that it left. */
  readonly isPendingAtShard: boolean;
  /** True until the target's book shows that it arrived; false for swaps. */
  readonly isPendingAtTarget: boolean;
};

/** Effects of all jobs that are in flight. */
export function pendingEffects(jobs: readonly JobRecord[]): PendingEffect[] {
  return jobs.filter(isInFlight).map((job) => ({
    kind: job.kind,
    shard: job.shard,
    target: job.target,
    underlying: job.underlying,
    deltaUnits: job.expectedDeltaUnits,
    amountUsd: job.amountUsd,
    outRaw: BigInt(job.amountOutOfShardRaw),
    isPendingAtShard: job.state !== "in-transit",
    isPendingAtTarget: job.kind === "transfer" && job.delivery === null,
  }));
}

/** Settlement asset that will still leave the shard's vault, raw. */
export function pendingCashOutRaw(effects: readonly PendingEffect[], shard: string): bigint {
  return sumOut(
    effects,
    (effect) => effect.shard === shard && (effect.kind === "transfer" || effect.deltaUnits > 0),
  );
}

/** Hedge asset that will still leave the shard's vault, raw. */
export function pendingSellRaw(
  effects: readonly PendingEffect[],
  shard: string,
  underlying: string,
): bigint {
  return sumOut(effects, (effect) => {
    return (
      effect.shard === shard &&
      effect.underlying === underlying &&
      effect.kind === "swap" &&
      effect.deltaUnits < 0
    );
  });
}

function sumOut(
  effects: readonly PendingEffect[],
  matches: (effect: PendingEffect) => boolean,
): bigint {
  return effects.reduce((total, effect) => {
    return effect.isPendingAtShard && matches(effect) ? total + effect.outRaw : total;
  }, 0n);
}
