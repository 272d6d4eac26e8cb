import { isInFlight, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { isHeld, type TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import type { BreakerMeasure, BreakerState } from "#coordinator/records/safety/breaker-state.ts";

/** One transfer under way: its route, since when, and how far it has come. */
type UnderWay = {
  readonly scope: string;
  readonly ageMs: number;
  readonly state: string;
  /** True while nothing that is sent the same way can arrive. */
  readonly isShut: boolean;
};

/**
 * Age of the oldest transfer on each route that has left and not arrived, by jobs and by what tracking knows of their
 * messages; beyond every threshold while a message shows that the route is shut. What a person has acknowledged as lost
 * counts no more: they know, and the route is theirs to stop.
 */
export function measureRoutes(o: {
  readonly jobs: readonly JobRecord[];
  /** Messages that something can still change. */
  readonly messages: readonly TransferRecord[];
  /** Breakers of before: a route with nothing under way is measured as quick. */
  readonly before: readonly BreakerState[];
  readonly nowMs: number;
}): BreakerMeasure[] {
  const { jobs, messages, nowMs } = o;
  const told = new Map(messages.map((message) => [message.jobId, message]));
  const late = jobs
    .filter(({ kind }) => kind === "transfer")
    .flatMap((job) => underWay(job, told.get(job.jobId), nowMs));
  const routes = o.before.filter((one) => one.kind === "bridgeDelay").map((one) => one.scope);
  const scopes = new Set([...late.map(({ scope }) => scope), ...routes]);
  return [...scopes].map((scope): BreakerMeasure => {
    const some = late.filter((one) => one.scope === scope);
    const ages = some.map(({ ageMs, isShut }) => (isShut ? Number.POSITIVE_INFINITY : ageMs));
    const states = [...new Set(some.map(({ state }) => state))].sort().join(", ");
    const detail = `${some.length} transfers under way${states === "" ? "" : `: ${states}`}`;
    return { kind: "bridgeDelay", scope, value: Math.max(0, ...ages), detail };
  });
}

/**
 * A transfer whose message has left: by its own job, or by tracking while no book shows the job yet. Its age counts from
 * its own record at the earliest: a source cannot make its message older than the order to send it.
 */
function underWay(job: JobRecord, message: TransferRecord | undefined, nowMs: number): UnderWay[] {
  const isTracked = message !== undefined && message.state !== "unknown";
  if (!isInFlight(job) || (job.state !== "in-transit" && !isTracked)) return [];
  if (message?.state === "delivered" || (message?.acknowledged ?? null) !== null) return [];
  const { includedBlockTimestampMs, recordedAtMs } = job.times;
  const leftMs = includedBlockTimestampMs ?? message?.sentBlock.timestampMs ?? recordedAtMs;
  return [
    {
      scope: `route:${job.shard}>${job.target ?? "unknown"}`,
      ageMs: nowMs - Math.max(leftMs, recordedAtMs),
      state: message?.state ?? "not tracked",
      // Only what both chains prove: the target's word alone shuts no route.
      isShut: message !== undefined && isHeld(message),
    },
  ];
}
