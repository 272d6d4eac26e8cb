import { type BookEntry, entryAgeMs, reportRefOf } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { actionOf, jobIdOf, paramsHash, shardBytes32 } from "#shared/evm/mandate-typed-data.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Address, PlanId } from "#shared/units/ids.ts";
import type { Mandate } from "#shared/wire/rebalance-job.ts";
import { type ReportRef, reportSetHash } from "#shared/wire/report-set.ts";
import { REPORT_WINDOW_BLOCKS } from "#shared/wire/report-window.ts";

export type IssueContext = {
  readonly planId: PlanId;
  /** Entries the plan rests on, all fresh. */
  readonly entries: readonly BookEntry[];
  readonly setups: ReadonlyMap<string, ShardSetup>;
  /** Epoch of each vault under which this coordinator leads. */
  readonly epochs: ReadonlyMap<string, number>;
  readonly leader: Address;
  readonly shadow: boolean;
  readonly policy: Policy;
  readonly nowMs: number;
};

/** Earliest and latest Unix second of the plan's mandates. */
export type MandateWindow = { readonly notBeforeSeconds: number; readonly deadlineSeconds: number };

/** Time for sending and signing that a mandate must leave beside one and a half blocks. */
const SENDING_MS = 500;

/**
 * The window of mandates that rest on these reports: from the oldest block to the moment its report
 * grows stale, or to the end of the policy's life time if that is sooner. The chain itself thereby
 * refuses an execution on stale data. And no longer than as many blocks of the fastest chain as every report
 * lists: a book that may still count on a job then always lists it once it was executed, whatever reports were missed.
 */
export function mandateWindow(
  entries: readonly BookEntry[],
  setups: ReadonlyMap<string, ShardSetup>,
  policy: Policy,
  nowMs: number,
): MandateWindow {
  const staleAtMs = entries.map((entry) => {
    const staleAfterMs = setups.get(entry.report.shard)?.staleAfterMs ?? 0;
    return entry.report.block.timestampMs + staleAfterMs;
  });
  const listedUntilMs = entries.map(({ report: { shard } }) => {
    return nowMs + REPORT_WINDOW_BLOCKS * (setups.get(shard)?.blockTimeMs ?? 0);
  });
  const oldestMs = Math.min(nowMs, ...entries.map((entry) => entry.report.block.timestampMs));
  const livesUntilMs = nowMs + policy.hedging.mandateLifetimeMs;
  const deadlineMs = Math.min(livesUntilMs, ...staleAtMs, ...listedUntilMs);
  return {
    notBeforeSeconds: Math.floor(oldestMs / 1000),
    deadlineSeconds: Math.floor(deadlineMs / 1000),
  };
}

/** Why a shard could no longer execute within the window, or undefined when it can. */
export function windowProblem(
  window: MandateWindow,
  setup: ShardSetup,
  nowMs: number,
): string | undefined {
  const leftMs = window.deadlineSeconds * 1000 - nowMs;
  if (leftMs >= 1.5 * setup.blockTimeMs + SENDING_MS) return undefined;
  return `${setup.shard}: the reports are too old to leave time for a block`;
}

/**
 * Job records for planned actions, in order; ids follow from plan, shard, step and parameters alone.
 *
 * @throws {RangeError} If an action's shard is not led: the caller must have left it out.
 */
export function issueJobs(actions: readonly PlannedAction[], context: IssueContext): JobRecord[] {
  const { entries, setups, policy, nowMs } = context;
  const window = mandateWindow(entries, setups, policy, nowMs);
  const refs = entries.map(reportRefOf);
  const hash = reportSetHash(refs);
  return actions.map((action, step) => {
    return jobRecord(action, { step, window, refs, reportSetHash: hash, context });
  });
}

type Step = {
  readonly step: number;
  readonly window: MandateWindow;
  readonly refs: readonly ReportRef[];
  readonly reportSetHash: `0x${string}`;
  readonly context: IssueContext;
};

function jobRecord(action: PlannedAction, place: Step): JobRecord {
  const { step, window, refs, context } = place;
  const { planId } = context;
  const { effect, params } = action;
  const hash = paramsHash(params);
  const jobId = jobIdOf({ planId, shard: effect.shard, step, paramsHash: hash });
  const mandate: Mandate = {
    jobId,
    epoch: epochOf(effect.shard, context),
    leader: context.leader,
    shard: shardBytes32(effect.shard),
    action: actionOf(params),
    reportSetHash: place.reportSetHash,
    notBeforeSeconds: window.notBeforeSeconds,
    deadlineSeconds: window.deadlineSeconds,
    maxFeeNativeWei: action.maxFeeNativeWei,
    paramsHash: hash,
  };
  return {
    jobId,
    planId,
    step,
    shard: effect.shard,
    target: effect.target,
    kind: effect.kind,
    state: "recorded",
    shadow: context.shadow,
    underlying: effect.underlying,
    expectedDeltaUnits: effect.deltaUnits,
    preparedDeltaUnits: 0,
    optionExposure: effect.option,
    amountUsd: effect.amountUsd,
    amountOutOfShardRaw: effect.outRaw.toString(),
    mandate,
    params,
    reportSet: [...refs],
    guid: null,
    refusal: null,
    consumption: null,
    delivery: null,
    arrivedInBlock: null,
    times: timesOf(context),
    receipt: null,
  };
}

function epochOf(shard: string, context: IssueContext): number {
  const epoch = context.epochs.get(shard);
  if (epoch === undefined)
    throw new RangeError(`${shard}: no epoch; must be led before a job is issued`);
  return epoch;
}

function timesOf({ entries, nowMs }: IssueContext): JobRecord["times"] {
  const oldest = [...entries].sort(
    (left, right) => entryAgeMs(right, nowMs) - entryAgeMs(left, nowMs),
  )[0];
  return {
    oldestBlockTimestampMs: oldest?.report.block.timestampMs ?? nowMs,
    acceptedAtMs: oldest?.acceptedAtMs ?? nowMs,
    decidedAtMs: nowMs,
    recordedAtMs: nowMs,
    sentAtMs: null,
    includedBlockTimestampMs: null,
    settledAtMs: null,
  };
}
