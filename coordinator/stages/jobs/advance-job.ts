import type { JobRecord, JobState } from "#coordinator/records/jobs/job-record.ts";
import { FatalError } from "#shared/errors.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { JobReceipt } from "#shared/wire/job-receipt.ts";

type Consumption = NonNullable<JobRecord["consumption"]>;
type Delivery = NonNullable<JobRecord["delivery"]>;

/** What can happen to a job. Receipts are hints; the rest is proved by the chain or done by ourselves. */
export type JobEvent =
  | { readonly type: "sent" }
  | { readonly type: "receipt"; readonly receipt: JobReceipt }
  /** The vault consumed it and the shard's own book shows the effect. */
  | { readonly type: "consumed"; readonly consumption: Consumption; readonly guid: Hex | null }
  /** The vault consumed it in a final block; no report has shown it yet. */
  | { readonly type: "proved"; readonly consumption: Consumption; readonly guid: Hex | null }
  /** The target's book shows the transfer. */
  | { readonly type: "delivered"; readonly delivery: Delivery }
  /** The target's token credited it in a final block, which is younger than the target's book. */
  | { readonly type: "arrived"; readonly blockNumber: number }
  /** A canonical block no longer has what was seen: a reorg. */
  | { readonly type: "consumption-lost" }
  | { readonly type: "delivery-lost" }
  /** It was consumed in a final block, and the book that showed it has given way to one of an older block. */
  | { readonly type: "book-lost" }
  /** A final block past the deadline, and the vault says not consumed. */
  | { readonly type: "not-consumed" }
  /** A final bump of the epoch, and the vault says not consumed: the mandate is dead. */
  | { readonly type: "superseded" };

type Next = JobState | "unchanged" | "impossible";

/** `by-kind`: a transfer goes in transit (or is settled when delivery was seen first), all else is settled. */
const TRANSITIONS: Readonly<
  Record<
    JobState,
    Readonly<Record<JobEvent["type"], Next | "by-kind" | "by-refusal" | "by-receipt">>
  >
> = {
  recorded: row(
    "sent",
    "by-receipt",
    "by-kind",
    "included",
    "unchanged",
    "by-refusal",
    "superseded",
  ),
  sent: row(
    "unchanged",
    "by-receipt",
    "by-kind",
    "included",
    "unchanged",
    "by-refusal",
    "superseded",
  ),
  included: row(
    "unchanged",
    "by-receipt",
    "by-kind",
    "included",
    "unchanged",
    "by-refusal",
    "superseded",
  ),
  "in-transit": {
    ...row(
      "unchanged",
      "unchanged",
      "unchanged",
      "unchanged",
      "settled",
      "impossible",
      "impossible",
    ),
    "consumption-lost": "sent",
    "book-lost": "included",
  },
  settled: {
    ...row(
      "unchanged",
      "unchanged",
      "unchanged",
      "unchanged",
      "unchanged",
      "impossible",
      "impossible",
    ),
    "consumption-lost": "sent",
    "delivery-lost": "in-transit",
    "book-lost": "included",
  },
  expired: row(
    "unchanged",
    "unchanged",
    "impossible",
    "impossible",
    "impossible",
    "unchanged",
    "impossible",
  ),
  "refused-expired": row(
    "unchanged",
    "unchanged",
    "impossible",
    "impossible",
    "impossible",
    "unchanged",
    "impossible",
  ),
  superseded: row(
    "unchanged",
    "unchanged",
    "impossible",
    "impossible",
    "impossible",
    "unchanged",
    "unchanged",
  ),
};

// biome-ignore lint/complexity/useMaxParams: a table row, one column per event.
function row(
  sent: Next,
  receipt: Next | "by-receipt",
  consumed: Next | "by-kind",
  proved: Next,
  delivered: Next,
  notConsumed: Next | "by-refusal",
  superseded: Next,
) {
  return {
    sent,
    receipt,
    consumed,
    proved,
    delivered,
    arrived: delivered === "impossible" ? "impossible" : "unchanged",
    "consumption-lost": "unchanged",
    "delivery-lost": "unchanged",
    "book-lost": "unchanged",
    "not-consumed": notConsumed,
    superseded,
  } as const;
}

/**
 * The job after an event.
 *
 * @throws {FatalError} `job-transition` when the chain has proved the contrary of the event before:
 *   a job both expired and consumed breaks the invariants everything rests on.
 */
export function advanceJob(job: JobRecord, event: JobEvent, nowMs: number): JobRecord {
  const next = TRANSITIONS[job.state][event.type];
  if (next === "impossible") {
    throw new FatalError(
      "job-transition",
      `job ${job.jobId}: ${event.type} while ${job.state} cannot be`,
    );
  }
  const noted = note(job, event, nowMs);
  const state = resolve(noted, event, next);
  const isEnd =
    state === "settled" ||
    state === "expired" ||
    state === "refused-expired" ||
    state === "superseded";
  const settledAtMs = isEnd ? (noted.times.settledAtMs ?? nowMs) : null;
  return { ...noted, state, times: { ...noted.times, settledAtMs } };
}

function resolve(
  job: JobRecord,
  event: JobEvent,
  next: (typeof TRANSITIONS)[JobState][JobEvent["type"]],
): JobState {
  if (next === "by-kind")
    return job.kind !== "transfer" || job.delivery !== null ? "settled" : "in-transit";
  if (next === "by-refusal") return job.refusal === null ? "expired" : "refused-expired";
  if (next === "by-receipt") {
    return event.type === "receipt" && event.receipt.outcome === "included"
      ? "included"
      : seenByAgent(job.state);
  }
  return next === "unchanged" || next === "impossible" ? job.state : next;
}

/** A receipt proves that the job was sent, even if the sender never learnt it. */
function seenByAgent(state: JobState): JobState {
  return state === "recorded" ? "sent" : state;
}

/** What the event teaches, whatever it does to the state. */
function note(job: JobRecord, event: JobEvent, nowMs: number): JobRecord {
  switch (event.type) {
    case "sent":
      return { ...job, times: { ...job.times, sentAtMs: job.times.sentAtMs ?? nowMs } };
    case "receipt":
      return noteReceipt(job, event.receipt);
    case "consumed":
    case "proved":
      return noteConsumption(job, event.consumption, event.guid);
    case "delivered":
      return { ...job, delivery: event.delivery };
    case "arrived":
      return { ...job, arrivedInBlock: event.blockNumber };
    case "consumption-lost":
      return { ...job, consumption: null, times: { ...job.times, includedBlockTimestampMs: null } };
    case "delivery-lost":
      return { ...job, delivery: null, arrivedInBlock: null };
    case "book-lost":
    case "not-consumed":
    case "superseded":
      return job;
  }
}

function noteConsumption(job: JobRecord, consumption: Consumption, guid: Hex | null): JobRecord {
  const includedMs = consumption.blockTimestampMs ?? job.times.includedBlockTimestampMs;
  // A reorganisation gave it another message: what was seen to arrive was somebody else's.
  const isOther = guid !== null && job.guid !== null && guid !== job.guid;
  return {
    ...job,
    ...(isOther ? { delivery: null, arrivedInBlock: null } : {}),
    consumption,
    guid: guid ?? job.guid,
    times: { ...job.times, includedBlockTimestampMs: includedMs },
  };
}

/** Its guid is not taken over: it would let the agent name a message that has arrived already. */
function noteReceipt(job: JobRecord, receipt: JobReceipt): JobRecord {
  const isNewer =
    job.receipt === null || receipt.seq > job.receipt.seq || receipt.agent !== job.receipt.agent;
  // Somebody else has done it: the winner's receipt says more.
  const isOthers = receipt.reason === "already-consumed";
  if (!isNewer || (isOthers && job.receipt !== null)) return job;
  const isRefusal = !isOthers && (receipt.outcome === "refused" || receipt.outcome === "reverted");
  const refusal = isRefusal
    ? { reason: receipt.reason ?? receipt.outcome, detail: receipt.detail }
    : job.refusal;
  const includedMs = receipt.outcome === "included" ? receipt.blockTimestampMs : null;
  return {
    ...job,
    receipt,
    refusal,
    times: {
      ...job.times,
      includedBlockTimestampMs: job.times.includedBlockTimestampMs ?? includedMs,
    },
  };
}
