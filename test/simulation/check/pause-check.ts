import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";
import type { Violate } from "#test/simulation/check/ledger.ts";
import { SIMULATED_POLICY } from "#test/simulation/world/site.ts";

/** A trade that was refused, and when it was issued: by the coordinator's clock, which may be wrong, and in truth. */
type Refused = { readonly recordedAtMs: number; readonly issuedAtMs: number };

/**
 * I15 for trades that are refused: after so many refusals in a row, as the jobs in the journal tell them, a swap is not
 * issued again before its pause is over. What else ends a pause is not looked at: of a run that is not certain nothing is said.
 */
export function newPauseCheck(o: { readonly nowMs: () => number; readonly violate: Violate }): {
  readonly onLog: (message: string) => void;
  readonly onJobs: (before: readonly JobRecord[], issued: readonly JobRecord[]) => void;
} {
  const issuedAtMs = new Map<string, number>();
  let resumedAtMs = 0;
  const check = (job: JobRecord, trade: string, before: readonly JobRecord[]): void => {
    const earlier = before.filter((one) => tradeOf(one) === trade && issuedAtMs.has(one.jobId));
    const run = refusedInRow(earlier, (one) => {
      const atMs = issuedAtMs.get(one.jobId) ?? 0;
      return atMs > resumedAtMs ? atMs : undefined;
    });
    const [last] = run;
    const pauseMs = pauseOf(run.length);
    if (last === undefined || pauseMs === 0) return;
    const byClockMs = job.times.recordedAtMs - last.recordedAtMs;
    const waitedMs = o.nowMs() - last.issuedAtMs;
    if (byClockMs >= 0 && byClockMs < pauseMs && waitedMs < pauseMs)
      o.violate(
        "I15",
        `${trade} was refused ${run.length} times in a row and is tried again after ${waitedMs} ms`,
      );
  };
  return {
    onLog: (message) => {
      if (message === "resumed by an operator") resumedAtMs = o.nowMs();
    },
    onJobs: (before, issued) => {
      for (const job of issued) {
        const trade = tradeOf(job);
        if (trade !== undefined) check(job, trade, before);
        issuedAtMs.set(job.jobId, o.nowMs());
      }
    },
  };
}

/** The newest first, back to the last one that was done; undefined issue times end it as well. */
function refusedInRow(
  jobs: readonly JobRecord[],
  issuedAtMs: (job: JobRecord) => number | undefined,
): Refused[] {
  const run: Refused[] = [];
  for (const job of jobs.toReversed()) {
    const atMs = issuedAtMs(job);
    if (job.consumption !== null || job.state === "included" || atMs === undefined) break;
    if (!isRefusedByPool(job)) continue;
    run.push({ recordedAtMs: job.times.recordedAtMs, issuedAtMs: atMs });
  }
  return run;
}

function isRefusedByPool({ refusal }: JobRecord): boolean {
  return refusal?.detail.includes("PoolRefuses") === true;
}

function pauseOf(count: number): number {
  const { reduceOnly, pauseMs, pauseMaxMs } = SIMULATED_POLICY.breakers.tradeRefusals;
  const least = reduceOnly?.tripAt ?? Number.POSITIVE_INFINITY;
  return count < least ? 0 : Math.min(pauseMs * 2 ** (count - least), pauseMaxMs);
}

function tradeOf({ shard, params }: JobRecord): string | undefined {
  return params !== null && isSwap(params)
    ? `${shard}: ${params.assetIn} for ${params.assetOut}`
    : undefined;
}

function isSwap(params: JobParams): params is Extract<JobParams, { pool: string }> {
  return params.kind === "swap" || params.kind === "swap-exact-output";
}
