import { type BookEntry, entryAgeMs } from "#coordinator/records/book-entry.ts";
import {
  SAFE_SHARD,
  type ShardMode,
  type ShardSafety,
} from "#coordinator/records/safety/shard-safety.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { TakeOverState } from "#coordinator/records/take-over-state.ts";

/** What may be done with a shard now. */
export type ShardStatus = {
  readonly shard: string;
  readonly mode: ShardMode;
  readonly reasons: readonly string[];
  readonly isStale: boolean;
  /** True when its book is only carried, as an interval: stale or quarantined. */
  readonly isCarried: boolean;
  /** True when a part of its book could not be proved for too long: its surplus is nobody's to count on. */
  readonly isUnseen: boolean;
  /** True when new jobs may be issued to it. */
  readonly takesJobs: boolean;
  /** True when a trade of it may only bring its own delta nearer to zero, and collateral may only come in. */
  readonly reducesOnly: boolean;
  /** Contracts it may not trade at now, lower case. */
  readonly closedVenues: readonly string[];
  /** Shards it may not send collateral to now. */
  readonly closedTargets: readonly string[];
  /** Trades that are not tried now (`tradeKey`, `routeKey`), and why. */
  readonly pausedTrades: ReadonlyMap<string, string>;
};

export type ShardContext = {
  readonly setup: ShardSetup;
  readonly entry: BookEntry | undefined;
  readonly takeOver: TakeOverState;
  readonly isReduceOnly: boolean;
  readonly haltReasons: readonly string[];
  /** True of a report that is nearly stale and would leave no shard the time to execute; left out: it is not. */
  readonly isLagging?: boolean;
  readonly nowMs: number;
  /** A message of it that is lost or held; left out when there is none. */
  readonly hold?: string | undefined;
  /** Left out: nothing is said of it. */
  readonly safety?: ShardSafety;
};

/** Judges one shard. Every mode but `run` has a reason; so has a shard in `run` that takes no jobs. */
export function judgeShard(context: ShardContext): ShardStatus {
  const { setup, entry, takeOver, safety = SAFE_SHARD } = context;
  const stale = isStale(context);
  const { closedVenues, closedTargets, pausedTrades } = safety;
  const base = {
    shard: setup.shard,
    isStale: stale,
    isCarried: stale || safety.quarantine !== null,
    isUnseen: safety.isUnseen,
    takesJobs: false,
    reducesOnly: false,
    closedVenues,
    closedTargets,
    pausedTrades,
  };
  if (takeOver.state === "waiting") return { ...base, mode: "waiting", reasons: [takeOver.reason] };
  if (entry === undefined) return { ...base, mode: "waiting", reasons: ["no report yet"] };
  if (safety.quarantine !== null)
    return { ...base, mode: "quarantined", reasons: [safety.quarantine] };
  if (stale) {
    const ageMs = entryAgeMs(entry, context.nowMs);
    const reason =
      context.isLagging === true
        ? `last report is ${ageMs} ms old and leaves no shard the time for a block`
        : `last report is ${ageMs} ms old; at most ${setup.staleAfterMs} ms`;
    return { ...base, mode: "stale", reasons: [reason] };
  }
  const halts = [...context.haltReasons, ...(safety.level === "halt" ? safety.levelReasons : [])];
  if (halts.length > 0) return { ...base, mode: "halted", reasons: [...new Set(halts)] };
  const refusals = [...fenceProblems(entry, takeOver), ...agentProblems(entry)];
  const limits = limitsOf(context, safety);
  return {
    ...base,
    mode: limits[0]?.mode ?? "run",
    reasons: [...limits.map((limit) => limit.reason), ...refusals],
    takesJobs: refusals.length === 0,
    reducesOnly: limits.length > 0,
  };
}

/** Why it may only reduce, the mode that shows it first. */
function limitsOf(
  { isReduceOnly, hold }: ShardContext,
  { order, level, levelReasons }: ShardSafety,
): { readonly mode: ShardMode; readonly reason: string }[] {
  const mode = "reduce-only";
  const ordered = order === null ? [] : [{ mode: ORDER_MODES[order.kind], reason: order.reason }];
  const policy = isReduceOnly ? [{ mode, reason: "reduce-only by policy" } as const] : [];
  const breakers = level === "run" ? [] : levelReasons.map((reason) => ({ mode, reason }) as const);
  const holds = hold === undefined ? [] : [{ mode, reason: hold } as const];
  return [...ordered, ...policy, ...holds, ...breakers];
}

const ORDER_MODES = { flatten: "flattening", drain: "draining" } as const;

function isStale({ entry, setup, nowMs, isLagging = false }: ShardContext): boolean {
  return isLagging || entry === undefined || entryAgeMs(entry, nowMs) > setup.staleAfterMs;
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
