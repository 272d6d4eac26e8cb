import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { Hex } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

/** What became of one job, for the breakers that count. */
export type JobOutcome = {
  readonly jobId: Hex;
  readonly shard: string;
  /** Contract it went through, lower case; null for transfers. */
  readonly venue: string | null;
  readonly underlying: string | null;
  readonly atMs: number;
  readonly isDone: boolean;
  /** True when it came to nothing at the venue, and not on the way there. */
  readonly isVenueFailure: boolean;
  /** True of idle cash that was not moved because that is not worth its gas now: it keeps nobody's exposure open. */
  readonly isIdleCash: boolean;
  /** Of a settled swap: notional at the decision's spot, and what it cost against it; null for all else. */
  readonly fill: { readonly notionalUsd: number; readonly costUsd: number } | null;
};

/**
 * Errors of the vault and its desk by which people stop, bound or take over what it does (contracts/src): none of the
 * venue's doing.
 */
const OF_OPERATORS: readonly string[] = [
  "ShardVault_Paused",
  "ShardVault_VenueNotAllowed",
  "ShardVault_AssetNotAllowed",
  "ShardVault_WindowCapExceeded",
  "ShardVault_WrongEpoch",
  "ShardVault_WrongLeader",
  "ShardVault_SignerNotAllowed",
  "ShardVault_QuorumNotReached",
  "VenueAdapter_PoolNotAllowed",
  "VenueDesk_CapExceeded",
  "VenueDesk_FloorTooLow",
  "VenueDesk_NotRegistered",
  "VenueDesk_OnlyReduces",
];

/** Outcomes kept in memory. */
export const OUTCOMES_MAX = 500;

/** Where a job was done, and what one unit of the settlement asset is worth there in USD. */
type Done = { readonly setup: ShardSetup | undefined; readonly settlementUsd: number };

/** The outcome of a job that is over; undefined while it is not. */
export function jobOutcomeOf(job: JobRecord, done: Done, atMs: number): JobOutcome | undefined {
  const isDone = job.state === "settled";
  const isFailed = job.state === "expired" || job.state === "refused-expired";
  if (job.shadow || (!isDone && !isFailed)) return undefined;
  const isReverted =
    job.refusal?.reason === "simulation-reverted" || job.receipt?.outcome === "reverted";
  const detail = job.refusal?.detail ?? job.receipt?.detail ?? "";
  const isRefusedByVenue = isReverted && !OF_OPERATORS.some((name) => detail.includes(name));
  const isMove = job.kind === "margin-move" || job.kind === "lend-move";
  const venue = job.params !== null && "venue" in job.params ? job.params.venue : null;
  return {
    jobId: job.jobId,
    shard: job.shard,
    venue: venue?.toLowerCase() ?? null,
    underlying: job.underlying,
    atMs,
    isDone,
    isVenueFailure: isFailed && isRefusedByVenue,
    isIdleCash: isFailed && isMove && job.refusal?.reason === "fee-too-high",
    fill: isDone ? fillOf(job, done) : null,
  };
}

/** A buy costs what was paid above the decision's spot, a sale what was received below it; a gain is negative. */
function fillOf(job: JobRecord, { setup, settlementUsd }: Done): JobOutcome["fill"] {
  const { kind, consumption, expectedDeltaUnits: expected, amountUsd } = job;
  const token = setup?.underlyings.find((one) => one.ticker === job.underlying);
  if (kind !== "swap" || consumption === null || setup === undefined || token === undefined)
    return null;
  if (consumption.amountInRaw === "0" || consumption.amountOutRaw === "0" || expected === 0)
    return null;
  const spotUsd = amountUsd / Math.abs(expected);
  const isBuy = expected > 0;
  const decimals = setup.settlement.decimals;
  const inUnits = unitsFromRaw(BigInt(consumption.amountInRaw), isBuy ? decimals : token.decimals);
  const outUnits = unitsFromRaw(
    BigInt(consumption.amountOutRaw),
    isBuy ? token.decimals : decimals,
  );
  const notionalUsd = (isBuy ? outUnits : inUnits) * spotUsd;
  const costUsd = isBuy
    ? inUnits * settlementUsd - notionalUsd
    : notionalUsd - outUnits * settlementUsd;
  return { notionalUsd, costUsd };
}
