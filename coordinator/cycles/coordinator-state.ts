import type { PassView } from "#coordinator/cycles/planning/assess-world.ts";
import type { ChainBlock } from "#coordinator/ports/shard-chain.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobOutcome } from "#coordinator/records/jobs/job-outcome.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { RaceCount } from "#coordinator/records/jobs/race-count.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { type ReportedNet, reportedNet } from "#coordinator/records/planning/reported-net.ts";
import type { SpotHistory } from "#coordinator/records/planning/volatility-forecast.ts";
import type { ManualHalt } from "#coordinator/records/safety/manual-halt.ts";
import { NEW_SAFETY, type SafetyMemory } from "#coordinator/records/safety/safety-memory.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { TakeOverState } from "#coordinator/records/take-over-state.ts";
import type { Mismatch } from "#coordinator/stages/audit/differ.ts";
import type { FinalClaim } from "#coordinator/stages/audit/judge-finality.ts";
import type { CreditAbsence } from "#coordinator/stages/jobs/judge-credit.ts";
import type { NetUnderlying } from "#coordinator/stages/risk/net-risk.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Address } from "#shared/units/ids.ts";

/** How many messages of one kind were taken and refused since the start. */
type MessageCount = { accepted: number; readonly refused: Map<string, number> };

/**
 * `sentAtMs`: before that nothing can have been credited. `nextBlock`: newest of those that are looked at next, going down.
 * `throughBlock`: newest of all looked at, without a gap. `isWhole`: once down to the sending, up to there.
 */
export type CreditSearch = {
  readonly sentAtMs: number;
  readonly nextBlock: number;
  readonly throughBlock: number;
  readonly isWhole: boolean;
};

/**
 * What the cycles share in memory. Only cycles change it, and each field has one cycle that does:
 * everything here is rebuilt from the journal and the chains at start.
 */
export type CoordinatorState = {
  readonly setups: ReadonlyMap<string, ShardSetup>;
  readonly policy: Policy;
  readonly leader: Address;
  readonly shadow: boolean;
  /** Newest accepted report by shard. */
  readonly books: Map<string, BookEntry>;
  /** What the agents say their Greeks are, netted; only shown. */
  readonly reportedNet: ReportedNet;
  /** Newest accepted sequence by `<shard>/<agent>`. */
  readonly lastSeqs: Map<string, number>;
  /** Jobs in flight, or settled on a block that may not be final, by id. */
  readonly jobs: Map<string, JobRecord>;
  /** Cross-chain messages that something can still change, by guid. */
  readonly transfers: Map<string, TransferRecord>;
  /** When the chain was last asked for a message that no report told of, by guid. */
  readonly searchedAtMs: Map<string, number>;
  /** How far back the target's chain was searched for a transfer's credit, by guid; missing before and after. */
  readonly creditSearches: Map<string, CreditSearch>;
  /** Through which of its target's blocks a transfer is known not to be credited, by job; missing when nothing is known. */
  readonly absences: Map<string, CreditAbsence>;
  /** Target's block by guid at which its word that a message is lost or held was not so. */
  readonly refuted: Map<string, number>;
  /** What each shard's agents were last told to look for, as text. */
  readonly published: Map<string, string>;
  readonly takeOvers: Map<string, TakeOverState>;
  /** Epochs this run has bumped to, whether or not they are final yet. */
  readonly bumpedEpochs: Map<string, number>;
  /** Reports by shard since the start. */
  readonly reports: Map<string, MessageCount>;
  /** Receipts accepted, by outcome, and refused, by reason. */
  readonly receipts: Map<string, number>;
  /** Jobs an agent paid gas for and another transaction did, by agent. */
  readonly lostRaces: Map<string, RaceCount>;
  manualHalt: ManualHalt | undefined;
  /** An invariant found broken; stops everything until a person resumes. */
  brokenInvariant: string | undefined;
  /** Breakers and losses change in a pass, trust when reports come, orders when a person gives them. */
  safety: SafetyMemory;
  safetySavedAtMs: number;
  /** What became of the newest jobs, oldest first. */
  outcomes: readonly JobOutcome[];
  /** Newest accepted report by shard, believed or not; `books` has what is planned on. */
  readonly claims: Map<string, BookEntry>;
  /** Newest report that was looked at, and newest that its chain proved, by shard. */
  readonly audited: Map<string, BookEntry>;
  readonly proved: Map<string, BookEntry>;
  /** When each shard's proof was last written down. */
  readonly proofSavedAtMs: Map<string, number>;
  /** A report by shard whose block our node does not have, and since when it is waited for. */
  readonly waiting: Map<string, { readonly entry: BookEntry; readonly sinceMs: number }>;
  /** What a shard has said of a message that its chain does not say, until its next look. */
  readonly lies: Map<string, Mismatch>;
  /** Looks at each shard since the start. */
  readonly looks: Map<string, number>;
  /** Newest final block by shard, read by ourselves; nothing is final before it was read. */
  readonly finals: Map<string, ChainBlock>;
  /** The lowest block by shard that its reports call final and that was not when we looked, and since when. */
  readonly finalClaims: Map<string, FinalClaim>;
  /** What two agents of a shard said differently of one block, until it is looked at. */
  readonly contradictions: Map<string, Mismatch>;
  /** Shares of the vaults, as far as their chains were read. */
  readonly sharesRaw: Map<string, string>;
  passes: number;
  /** Spots of the passes since the start, faded. */
  histories: ReadonlyMap<string, SpotHistory>;
  /** When a pass last traded early by the timer; undefined before the first. */
  recentredAtMs: number | undefined;
  /** Last pass's view of the world; undefined before the first. */
  view: PassView | undefined;
  /** Last net that could be computed, by underlying. */
  readonly lastNets: Map<string, NetUnderlying>;
  /** What the last stored decision came to. */
  lastOutcome: string | undefined;
};

export type StateOptions = Pick<CoordinatorState, "setups" | "policy" | "leader" | "shadow">;

/** State before anything is known. */
export function newCoordinatorState(options: StateOptions): CoordinatorState {
  const shards = [...options.setups.keys()];
  const waiting: TakeOverState = {
    state: "waiting",
    reason: "take-over has not begun",
    isReachable: true,
  };
  const first: TakeOverState = options.shadow ? { state: "not-needed" } : waiting;
  return {
    ...options,
    books: new Map(),
    reportedNet: reportedNet(
      new Map(
        Object.entries(options.policy.underlyings).map(([ticker, limits]) => [
          ticker,
          limits.deltaQuantumUnits,
        ]),
      ),
    ),
    lastSeqs: new Map(),
    jobs: new Map(),
    transfers: new Map(),
    published: new Map(),
    searchedAtMs: new Map(),
    creditSearches: new Map(),
    absences: new Map(),
    refuted: new Map(),
    takeOvers: new Map(shards.map((shard) => [shard, first])),
    bumpedEpochs: new Map(),
    reports: new Map(shards.map((shard) => [shard, { accepted: 0, refused: new Map() }])),
    receipts: new Map(),
    lostRaces: new Map(),
    manualHalt: undefined,
    brokenInvariant: undefined,
    safety: NEW_SAFETY,
    safetySavedAtMs: 0,
    outcomes: [],
    claims: new Map(),
    audited: new Map(),
    proved: new Map(),
    proofSavedAtMs: new Map(),
    waiting: new Map(),
    lies: new Map(),
    looks: new Map(),
    finals: new Map(),
    finalClaims: new Map(),
    contradictions: new Map(),
    sharesRaw: new Map(),
    passes: 0,
    recentredAtMs: undefined,
    histories: new Map(),
    view: undefined,
    lastNets: new Map(),
    lastOutcome: undefined,
  };
}
