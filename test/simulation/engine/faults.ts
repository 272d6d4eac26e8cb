import { type Random, randomOf } from "#test/simulation/engine/random.ts";

/** Everything that goes wrong on purpose; docs/simulation.md says what each one is. */
export const FAULT_KINDS = [
  "chain-reorg",
  "chain-reorg-of-mandate",
  "chain-dropped-transaction",
  "chain-fee-spike",
  "chain-missed-blocks",
  "chain-outage",
  "rpc-error",
  "rpc-timeout",
  "rpc-stale-head",
  "rpc-lost-broadcast-reply",
  "rpc-lie-balance",
  "rpc-lie-other-block",
  "rpc-lie-consumed",
  "rpc-lie-nonce",
  "rpc-lie-old-head",
  "rpc-lie-forged-header",
  "rpc-lie-logs",
  "rpc-lie-receipt",
  "rpc-swallowed-broadcast",
  "rpc-two-stale",
  "queue-double-delivery",
  "queue-parallel-delivery",
  "queue-swallowed-add",
  "queue-resurrected-job",
  "queue-late-add",
  "queue-lost-reply",
  "queue-lost-job",
  "queue-flush",
  "queue-unseen-job",
  "redis-down",
  "stream-lost-write",
  "stream-lost-reply",
  "stream-trimmed",
  "stream-flush",
  "inbox-delay",
  "inbox-duplicate",
  "inbox-reorder",
  "bridge-delay",
  "bridge-out-of-order",
  "bridge-failed-receive",
  "bridge-nobody-commits",
  "bridge-duplicate",
  "agent-crash-received",
  "agent-crash-checked",
  "agent-crash-signed",
  "agent-crash-broadcast",
  "agent-crash-included",
  "agent-crash-final",
  "agent-pause",
  "agent-clock-skew",
  "agent-journal-unwritable",
  "coordinator-crash-before-record",
  "coordinator-crash-after-record",
  "coordinator-crash-after-sign",
  "coordinator-crash-after-send",
  "coordinator-crash-any",
  "coordinator-pause",
  "coordinator-zombie",
  "coordinator-blind",
  "coordinator-journal-lost",
  "coordinator-journal-restored",
  "coordinator-clock-skew",
  "market-jump",
  "market-stale-feed",
  "venue-closed",
  "venue-cap-lowered",
  "trades-window-used",
  "pool-refuses",
  "perp-funding-spike",
  "perp-liquidated",
  "option-board-ended",
  "solver-crash",
  "solver-timeout",
  "solver-garbage",
  "solver-wrong",
  "agent-lies",
  "operator-halt",
  "operator-flatten",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/** Not faults, but states a run must reach for its checks to mean anything. */
export const SIGHTS = [
  "swap consumed",
  "transfer consumed",
  "loan in",
  "loan out",
  "margin in",
  "margin out",
  "perpetual traded",
  "option bought",
  "option paid",
  "transfer delivered",
  "transfer recovered by an agent",
  "series settled",
  "nonce cancelled",
  "mandate reverted on chain",
  "mandate of an old epoch refused",
  "second use of a job refused",
  "job expired",
  "job refused",
  "job superseded",
  "halt by limit",
  "shard quarantined",
  "quarantine over",
  "shard flat by order",
  "trade paused",
  "two agents on one shard",
  "job done by a competitor",
  "job done by a stand-by",
  "race lost on chain",
  "liar named",
  "endpoint behind the others named",
  "lost race counted",
  "program solved",
  "solved plan taken",
] as const;

export type Sight = (typeof SIGHTS)[number];

/** What only runs with the solver can meet. */
export const SOLVER_KINDS: readonly (FaultKind | Sight)[] = [
  "solver-crash",
  "solver-timeout",
  "solver-garbage",
  "solver-wrong",
  "program solved",
  "solved plan taken",
];

export type Faults = {
  /** True when this fault is to happen now. Call {@link Faults.bit} once it made a difference. */
  readonly roll: (kind: FaultKind, probability: number) => boolean;
  readonly bit: (kind: FaultKind) => void;
  readonly saw: (sight: Sight) => void;
  readonly counts: ReadonlyMap<FaultKind | Sight, number>;
  /** From now on nothing goes wrong any more. */
  readonly heal: () => void;
  readonly isActive: () => boolean;
  readonly random: Random;
};

/** Multiples of the usual rates. */
export type FaultRates = ReadonlyMap<FaultKind, number>;

const ENABLED_SHARE = 0.55;

/**
 * A swarm: each seed has its own subset of fault kinds, each at its own rate, so that rare pairs meet.
 *
 * @param always Rates of kinds, as a multiple of the usual, whatever the seed says.
 */
export function newFaults(
  seed: number,
  isHarmless: boolean,
  always: FaultRates = new Map(),
): Faults {
  // A stream of its own for each kind: one more kind leaves the others where they were.
  const kinds = new Map(
    FAULT_KINDS.map((kind) => {
      const own = randomOf(seed, `fault ${kind}`);
      const isEnabled = own.chance(ENABLED_SHARE);
      const factor = own.between(0.3, 2);
      return [kind, { own, rate: always.get(kind) ?? (isEnabled ? factor : 0) }];
    }),
  );
  const counts = new Map<FaultKind | Sight, number>();
  const count = (kind: FaultKind | Sight): void =>
    void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  let isActive = !isHarmless;
  return {
    roll: (kind, probability) => {
      const found = kinds.get(kind);
      return (
        isActive &&
        found !== undefined &&
        found.rate > 0 &&
        found.own.chance(probability * found.rate)
      );
    },
    bit: count,
    saw: count,
    counts,
    heal: () => {
      isActive = false;
    },
    isActive: () => isActive,
    random: randomOf(seed, "faults"),
  };
}
