import { type BookEntry, entryAgeMs } from "#coordinator/records/book-entry.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { TakeOverState } from "#coordinator/records/take-over-state.ts";

type ShardMode = "run" | "reduce-only" | "stale" | "halted" | "waiting";

/** What may be done with a shard now. */
export type ShardStatus = {
  readonly shard: string;
  readonly mode: ShardMode;
  readonly reasons: readonly string[];
  readonly isStale: boolean;
  /** True when new jobs may be issued to it. */
  readonly takesJobs: boolean;
};

export type ShardContext = {
  readonly setup: ShardSetup;
  readonly entry: BookEntry | undefined;
  readonly takeOver: TakeOverState;
  readonly isReduceOnly: boolean;
  readonly haltReasons: readonly string[];
  readonly nowMs: number;
};

/** Judges one shard. Every mode but `run` has a reason; so has a shard in `run` that takes no jobs. */
export function judgeShard(context: ShardContext): ShardStatus {
  const { setup, entry, takeOver } = context;
  const base = { shard: setup.shard, isStale: isStale(context) };
  if (takeOver.state === "waiting")
    return { ...base, mode: "waiting", reasons: [takeOver.reason], takesJobs: false };
  if (entry === undefined)
    return { ...base, mode: "waiting", reasons: ["no report yet"], takesJobs: false };
  if (base.isStale) {
    const ageMs = entryAgeMs(entry, context.nowMs);
    const reason = `last report is ${ageMs} ms old; at most ${setup.staleAfterMs} ms`;
    return { ...base, mode: "stale", reasons: [reason], takesJobs: false };
  }
  if (context.haltReasons.length > 0) {
    return { ...base, mode: "halted", reasons: context.haltReasons, takesJobs: false };
  }
  const refusals = [...fenceProblems(entry, takeOver), ...agentProblems(entry)];
  const mode = context.isReduceOnly ? "reduce-only" : "run";
  const reasons = context.isReduceOnly ? ["reduce-only by policy", ...refusals] : refusals;
  return { ...base, mode, reasons, takesJobs: refusals.length === 0 };
}

function isStale({ entry, setup, nowMs }: ShardContext): boolean {
  return entry === undefined || entryAgeMs(entry, nowMs) > setup.staleAfterMs;
}

function fenceProblems(entry: BookEntry, takeOver: TakeOverState): string[] {
  if (takeOver.state !== "leading") return [];
  const { epoch, leader } = entry.report.chain;
  if (epoch === takeOver.epoch && leader.toLowerCase() === takeOver.leader.toLowerCase()) return [];
  return [`the vault is at epoch ${epoch} of ${leader}; ours is ${takeOver.epoch}`];
}

function agentProblems(entry: BookEntry): string[] {
  const { health, chain } = entry.report;
  const paused = chain.paused ? ["the vault is paused"] : [];
  return health.acceptsJobs
    ? paused
    : [...paused, `the agent takes no jobs: ${health.reasons.join(", ") || "no reason given"}`];
}
