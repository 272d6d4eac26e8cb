import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { NO_REFUSALS, type RefusalRun } from "#coordinator/records/safety/refusal-run.ts";
import { tradeScope } from "#coordinator/records/safety/trade-name.ts";
import { REFUSALS_MAX } from "#shared/policy/safety-policy.ts";
import type { RefusalReason } from "#shared/wire/job-receipt.ts";

/** Refusals by trade (coordinator/records/safety/trade-name.ts). */
type Runs = Readonly<Record<string, RefusalRun>>;

/** A trade of which nothing was heard for so long is as one that was never refused. */
const FORGET_AFTER_MS = 86_400_000;
const DETAIL_MAX = 300;

/**
 * Reasons that the same trade, planned again on the next books, meets again. The others pass by themselves (late, another
 * epoch, a report that is too old, endpoints that contradict each other) or are no refusal of the trade (done already).
 */
const LASTING: readonly string[] = [
  "malformed",
  "wrong-shard",
  "forged",
  "job-id-mismatch",
  "params-mismatch",
  "venue-not-allowed",
  "gas-below-floor",
  "fee-too-high",
  "signing-ceiling",
  "simulation-reverted",
  // In a block without effect; its receipt gives no reason.
  "reverted",
] as const satisfies readonly (RefusalReason | "reverted")[];

/**
 * What contracts say (contracts/src) of a mandate that came too late, too early, twice or after a take-over, and where the
 * market moved after the plan: the next plan has its new prices, and a fast market is no time to stop hedging.
 */
const PASSING: readonly string[] = [
  "ShardVault_Expired",
  "ShardVault_TooEarly",
  "ShardVault_AlreadyConsumed",
  "ShardVault_WrongEpoch",
  "ShardVault_WrongLeader",
  "ShardVault_PriceStale",
  "ShardVault_ReceivedTooLittle",
  "VenueDesk_ReceivedTooLittle",
  "VenueDesk_SpentTooMuch",
  "UniswapV3Adapter_OutputNotFilled",
  "UniswapV3Adapter_PriceOffMean",
];

/**
 * The runs once a job has changed. Counting a job again changes nothing, so that all jobs may be gone through at a start. A
 * refusal counts as soon as it is told, long before a final block proves that the job is dead; it is taken back when the
 * job turns up in a block after all.
 */
export function countRefusals(runs: Runs, job: JobRecord, nowMs: number): Runs {
  const scope = tradeScope(job);
  const { recordedAtMs } = job.times;
  if (scope === null || job.shadow || nowMs - recordedAtMs > FORGET_AFTER_MS) return runs;
  const before = runs[scope] ?? NO_REFUSALS;
  const after = counted(before, job, nowMs);
  return after === before ? runs : { ...runs, [scope]: after };
}

function counted(before: RefusalRun, job: JobRecord, nowMs: number): RefusalRun {
  const { jobId, refusal, times } = job;
  const { recordedAtMs } = times;
  const others = before.refusals.filter((one) => one.jobId !== jobId);
  const isKnown = others.length < before.refusals.length;
  if (job.consumption !== null) {
    if (recordedAtMs <= before.sinceMs) return before;
    const refusals = others.filter((one) => one.recordedAtMs > recordedAtMs);
    return { ...before, sinceMs: recordedAtMs, refusals };
  }
  if (!isRefused(job) || refusal === null)
    return isKnown ? { ...before, refusals: others } : before;
  if (isKnown || recordedAtMs <= before.sinceMs) return before;
  const refusals = [...before.refusals, { jobId, recordedAtMs }]
    .sort((one, other) => one.recordedAtMs - other.recordedAtMs)
    .slice(-REFUSALS_MAX);
  // One that is older than all that are kept says nothing new.
  if (!refusals.some((one) => one.jobId === jobId)) return before;
  const detail = refusal.detail.slice(0, DETAIL_MAX);
  const lastReason = detail === "" ? refusal.reason : `${refusal.reason}: ${detail}`;
  return { ...before, refusals, lastAtMs: nowMs, lastReason };
}

function isRefused({ state, refusal }: JobRecord): boolean {
  if (refusal === null || state === "included") return false;
  const isPassing = PASSING.some((name) => refusal.detail.includes(name));
  return LASTING.includes(refusal.reason) && !isPassing;
}

/** The runs without those of which nothing was heard for a day. */
export function youngRefusals(runs: Runs, nowMs: number): Runs {
  const isOld = ({ sinceMs, lastAtMs }: RefusalRun): boolean =>
    nowMs - Math.max(sinceMs, lastAtMs) > FORGET_AFTER_MS;
  const young = Object.entries(runs).filter(([, run]) => !isOld(run));
  return young.length === Object.keys(runs).length ? runs : Object.fromEntries(young);
}

/** The runs of one shard, or of all, begun anew by a person. */
export function forgetRefusals(
  runs: Runs,
  { shard, nowMs }: { readonly shard: string | undefined; readonly nowMs: number },
): Runs {
  const isMeant = (scope: string): boolean =>
    shard === undefined || ["trade:", "route:"].some((kind) => isOf(scope, `${kind}${shard}`));
  return Object.fromEntries(
    Object.entries(runs).map(([scope, run]) => {
      return [scope, isMeant(scope) ? { ...run, sinceMs: nowMs, refusals: [] } : run];
    }),
  );
}

function isOf(scope: string, begin: string): boolean {
  return scope.startsWith(`${begin}/`) || scope.startsWith(`${begin}>`);
}
