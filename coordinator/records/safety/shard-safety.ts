import type { SafetyLevel } from "#coordinator/records/safety/breaker-state.ts";

/** In the order in which they win when several are true, the last first. */
export type ShardMode =
  | "run"
  | "reduce-only"
  | "flattening"
  | "draining"
  | "halted"
  | "stale"
  | "quarantined"
  | "waiting";

/** What breakers, quarantine and people's orders say of one shard now. */
export type ShardSafety = {
  /** Of its own breakers and the global ones; the hardest counts. */
  readonly level: SafetyLevel;
  /** Why the level is not `run`. */
  readonly levelReasons: readonly string[];
  /** True while a part of its chain has not been seen for too long: what it has there is its word alone. */
  readonly isUnseen: boolean;
  /** Why its word is not taken; null when it is. */
  readonly quarantine: string | null;
  /** What a person ordered, and why. */
  readonly order: { readonly kind: "flatten" | "drain"; readonly reason: string } | null;
  /** Contracts it may not trade at now, lower case. */
  readonly closedVenues: readonly string[];
  /** Shards it may not send collateral to now. */
  readonly closedTargets: readonly string[];
  /** Trades that are not tried now (`tradeKey`, `routeKey`), and why. */
  readonly pausedTrades: ReadonlyMap<string, string>;
};

/** A shard nothing is said of. */
export const SAFE_SHARD: ShardSafety = {
  level: "run",
  levelReasons: [],
  isUnseen: false,
  quarantine: null,
  order: null,
  closedVenues: [],
  closedTargets: [],
  pausedTrades: new Map(),
};
