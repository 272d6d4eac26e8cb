import type { JobAnswer } from "#test/local/observe/admin-api.ts";

/** Two percentiles (nearest rank) of a duration in milliseconds; null without observations. */
export type Percentiles = {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
};

/**
 * How long executed jobs took from the oldest block of their reports to each later station. Block
 * timestamps are whole seconds, so legs that end or start at a block can be off by up to a second
 * and even negative.
 */
export function jobLatencies(jobs: readonly JobAnswer[]) {
  const done = jobs
    .filter((job) => job.times.includedBlockTimestampMs !== null)
    .map((job) => job.times);
  const included = (t: JobAnswer["times"]) => t.includedBlockTimestampMs ?? Number.NaN;
  return {
    blockToAccepted: percentiles(done.map((t) => t.acceptedAtMs - t.oldestBlockTimestampMs)),
    blockToSent: percentiles(
      done.flatMap((t) => (t.sentAtMs === null ? [] : [t.sentAtMs - t.oldestBlockTimestampMs])),
    ),
    acceptedToDecided: percentiles(done.map((t) => t.decidedAtMs - t.acceptedAtMs)),
    decidedToIncluded: percentiles(done.map((t) => included(t) - t.decidedAtMs)),
    blockToIncluded: percentiles(done.map((t) => included(t) - t.oldestBlockTimestampMs)),
  };
}

/** p50 and p99 by nearest rank. */
export function percentiles(valuesMs: readonly number[]): Percentiles {
  const sorted = [...valuesMs].sort((x, y) => x - y);
  const at = (level: number) => sorted[Math.max(0, Math.ceil(level * sorted.length) - 1)] ?? null;
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
