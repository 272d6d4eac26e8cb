import type { Refusal } from "#shard-agent/records/admission.ts";
import { type JournalEntry, receiptIdOf } from "#shard-agent/records/journal-entry.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";
import type { Hex } from "#shared/units/ids.ts";
import { JOB_RECEIPT_VERSION, type JobReceipt } from "#shared/wire/job-receipt.ts";

const DETAIL_LENGTH_MAX = 2000;

/** Realised amounts of a mined job. */
export type Realised = {
  readonly amountInRaw: bigint;
  readonly amountOutRaw: bigint;
  readonly guid: Hex | null;
  readonly nativeFeeWei: bigint;
};

const NOTHING: Realised = { amountInRaw: 0n, amountOutRaw: 0n, guid: null, nativeFeeWei: 0n };

/** Receipt of a job that is never signed. */
export function refusalReceipt(
  jobId: Hex,
  refusal: Refusal,
  scope: ShardScope,
  atMs: number,
): UnnumberedReceipt {
  return {
    ...head(jobId, "refused", scope, atMs),
    reason: refusal.reason,
    detail: refusal.detail.slice(0, DETAIL_LENGTH_MAX),
    ...place(null),
    ...amounts(NOTHING, 0n),
  };
}

/** Receipt of a job that was signed: its transaction, its block when it has one, and what it moved. */
export function progressReceipt(
  entry: JournalEntry,
  outcome: Exclude<JobReceipt["outcome"], "refused">,
  o: {
    readonly scope: ShardScope;
    readonly atMs: number;
    readonly realised?: Realised;
    readonly detail?: string;
    /** True when the vault has taken the job from another transaction than this one. */
    readonly isLostRace?: boolean;
    /** Gas spent on freeing the nonce, when that was needed. */
    readonly cancelCostWei?: bigint;
  },
): UnnumberedReceipt {
  return {
    ...head(receiptIdOf(entry) ?? (entry.id as Hex), outcome, o.scope, o.atMs),
    reason: o.isLostRace === true ? "already-consumed" : null,
    detail: (o.detail ?? "").slice(0, DETAIL_LENGTH_MAX),
    ...place(entry),
    ...amounts(
      o.realised ?? NOTHING,
      (entry.inclusion?.gasCostWei ?? 0n) + (o.cancelCostWei ?? 0n),
    ),
  };
}

function head(jobId: Hex, outcome: JobReceipt["outcome"], scope: ShardScope, atMs: number) {
  return {
    version: JOB_RECEIPT_VERSION,
    shard: scope.shard,
    agent: scope.agent,
    jobId,
    outcome,
    atMs,
  } as const;
}

function place(entry: JournalEntry | null) {
  return {
    transactionHash: entry?.inclusion?.transactionHash ?? entry?.transaction?.hash ?? null,
    blockNumber: entry?.inclusion?.blockNumber ?? null,
    blockTimestampMs: entry?.inclusion?.blockTimestampMs ?? null,
  };
}

function amounts(realised: Realised, gasCostWei: bigint) {
  return {
    amountInRaw: realised.amountInRaw.toString(),
    amountOutRaw: realised.amountOutRaw.toString(),
    guid: realised.guid,
    gasCostWei: gasCostWei.toString(),
    nativeFeeWei: realised.nativeFeeWei.toString(),
  };
}
