import type { RefusedMessage } from "#coordinator/ports/journal.ts";
import type { JobRecord, JobState } from "#coordinator/records/jobs/job-record.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import type { Band } from "#coordinator/records/planning/band.ts";
import type { BucketExposure } from "#coordinator/records/planning/bucket-exposure.ts";
import type { CreditedNet } from "#coordinator/records/planning/credited-net.ts";
import type { DecisionRecord } from "#coordinator/records/planning/decision-record.ts";
import type { VolatilityForecast } from "#coordinator/records/planning/volatility-forecast.ts";
import type { BreakerState, SafetyLevel } from "#coordinator/records/safety/breaker-state.ts";
import type { FinalBlock, FinalMemory } from "#coordinator/records/safety/final-memory.ts";
import type { SafetyEvent } from "#coordinator/records/safety/safety-memory.ts";
import type { OrderProgress, ShardOrder } from "#coordinator/records/safety/shard-order.ts";
import type { ShardMode } from "#coordinator/records/safety/shard-safety.ts";
import type { Evidence } from "#coordinator/records/safety/shard-trust.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { BreakerThreshold } from "#shared/policy/safety-policy.ts";
import type { Greeks } from "#shared/risk/pricing/greeks.ts";
import type { TransferState } from "#shared/wire/transfer-line.ts";

/** Market of one underlying as the last pass saw it. */
export type SnapshotView = {
  readonly spotUsd: number | null;
  readonly sources: readonly {
    readonly source: string;
    readonly spotUsd: number;
    readonly ageMs: number;
  }[];
  readonly volatilitySource: string | null;
  readonly refused: string | null;
};

/** Net position of one underlying. `unknown`: it could not be netted now, or a stale shard leaves it open. */
export type NetView = {
  readonly greeks: Greeks;
  /** What the agents themselves say, netted as their reports come; null when that cannot be said. Decides nothing. */
  readonly reportedGreeks: Greeks | null;
  readonly inFlightDeltaUnits: number;
  readonly deltaIntervalUnits: readonly [number, number];
  /** Null when it cannot be sized now: unknown is not zero. */
  readonly bandHalfWidthUnits: number | null;
  /** What made it as wide; null as above. */
  readonly band: Band | null;
  /** What is expected of its volatility; null when nothing is known. */
  readonly forecast: VolatilityForecast | null;
  readonly status: "inside" | "outside" | "unknown";
  readonly byExpiry: readonly { readonly expiryMs: number | null; readonly greeks: Greeks }[];
  /** Vega and gamma per expiry bucket against their limits; empty while it cannot be netted and priced. */
  readonly buckets: readonly BucketExposure[];
  /** What others hold of it, and the net with a share of that. Decides nothing. */
  readonly credited: CreditedNet;
};

/** Capital of all shards together in USD; null while part of a book cannot be valued. */
export type CapitalView = {
  readonly mutualisedFraction: number;
  readonly collateralUsdAfterHaircut: number | null;
  /** Sum of what the shards must hold. */
  readonly requiredCapitalUsd: number | null;
  /** Of the netted whole. */
  readonly riskAdjustedCapitalUsd: number | null;
  readonly solvencyRatio: number | null;
};

export type RiskView = {
  readonly asOfMs: number;
  readonly mode: SafetyLevel;
  readonly haltReasons: readonly string[];
  /** Why every shard may only reduce; empty in the other modes. */
  readonly reduceOnlyReasons: readonly string[];
  readonly shadow: boolean;
  readonly policyVersion: number;
  readonly snapshot: Readonly<Record<string, SnapshotView>>;
  readonly net: Readonly<Record<string, NetView>>;
  readonly capital: CapitalView;
  readonly jobsInFlight: number;
};

export type LastReportView = {
  readonly agent: string;
  readonly seq: number;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly blockTimestampMs: number;
  readonly acceptedAtMs: number;
  readonly ageMs: number;
};

/** A perpetual market as its shard's newest report tells it; amounts are in the venue's USD. */
export type PerpView = {
  readonly venue: string;
  readonly market: string;
  readonly underlying: string;
  /** Positive long. */
  readonly sizeUnits: number;
  readonly markUsd: number;
  /** Of the whole account, as is the margin ratio; null without a position. */
  readonly accountValueUsd: number;
  readonly marginRatio: number | null;
  /** Below this ratio anybody may liquidate. */
  readonly maintenanceMarginFraction: number;
  /** Positive: longs pay shorts. */
  readonly fundingFractionPerDay: number;
  readonly acceptsTrades: boolean;
  readonly isIndexTimedOut: boolean;
};

/** One shard. Figures are null before its first valuation, or while part of its book cannot be valued. */
export type ShardView = {
  readonly id: string;
  readonly chainId: number;
  readonly mode: ShardMode;
  readonly reasons: readonly string[];
  readonly lastReport: LastReportView | null;
  readonly greeks: Readonly<Record<string, Greeks>>;
  readonly equityUsd: number | null;
  readonly collateralUsd: number | null;
  readonly collateralUsdAfterHaircut: number | null;
  /** Sent to it, and perhaps in its book already: counted nowhere but there. */
  readonly inDoubtUsd: number;
  readonly requiredCapitalUsd: number | null;
  /** Its share of what the pool of shards must hold; null when it covers itself alone. */
  readonly mutualUsd: number | null;
  readonly riskAdjustedCapitalUsd: number | null;
  readonly surplusUsd: number | null;
  readonly solvencyRatio: number | null;
  readonly perps: readonly PerpView[];
  readonly epoch: number | null;
  readonly senders: readonly { readonly address: string; readonly balanceWei: string }[];
  readonly acceptedReports: number;
  readonly refusedReports: Readonly<Record<string, number>>;
};

export type CountersView = {
  readonly reports: {
    readonly accepted: number;
    readonly refused: Readonly<Record<string, number>>;
  };
  readonly passes: number;
  readonly decisions: number;
  readonly jobs: Readonly<Partial<Record<JobState, number>>>;
  /** Receipts by outcome, and refused ones by reason. */
  readonly receipts: Readonly<Record<string, number>>;
  /** Per agent: jobs it paid gas for and another transaction did, and what that cost. */
  readonly lostRaces: Readonly<
    Record<string, { readonly count: number; readonly gasCostWei: string }>
  >;
  /** Messages by state; `stuck` and `held` count those that are open now. */
  readonly transfers: Readonly<
    Partial<Record<TransferState, number>> & Record<"stuck" | "held", number>
  >;
};

/** A cross-chain message as people see it. */
export type TransferView = TransferRecord & {
  /** No progress for as long as the policy allows. */
  readonly isStuck: boolean;
  /** What would bring it on: docs/protocol.md, "Transfers". */
  readonly nextStep: string;
  /** Since it last made progress. */
  readonly waitingMs: number;
};

/** What became of an order about a message. */
export type TransferOrder =
  | { readonly ordered: true; readonly what: string }
  | { readonly ordered: false; readonly problem: "not-found" }
  | { readonly ordered: false; readonly problem: "not-recoverable"; readonly detail: string };

/** What a pass would do; none of it is recorded, signed or sent. */
export type DryRunOutcome =
  | {
      readonly ran: true;
      readonly decision: DecisionRecord;
      /** As they would be recorded. */
      readonly jobs: readonly JobRecord[];
    }
  | {
      readonly ran: false;
      readonly problem: "invalid-policy" | "busy";
      readonly reasons: readonly string[];
    };

/** One breaker with what it saw last and where it trips and lifts. */
export type BreakerView = Pick<BreakerState, "kind" | "scope" | "value" | "detail"> & {
  readonly isGlobal: boolean;
  readonly level: SafetyLevel;
  readonly sinceMs: number | null;
  readonly reduceOnly: BreakerThreshold | null;
  readonly halt: BreakerThreshold | null;
  /** True for a halt that only a person lifts. */
  readonly needsPerson: boolean;
};

/** Everything that limits what may be done, and why. */
export type SafetyView = {
  /** Of the global breakers. */
  readonly level: SafetyLevel;
  readonly breakers: readonly BreakerView[];
  /** Shards that are, or were, in doubt. */
  readonly quarantines: readonly {
    readonly shard: string;
    readonly quarantine: object | null;
    readonly honestInRow: number;
    readonly evidence: readonly Evidence[];
  }[];
  /** The newest block of each shard's chain that was seen final, and one that was and has been replaced. */
  readonly finality: readonly {
    readonly shard: string;
    readonly final: FinalBlock | null;
    readonly broken: FinalMemory["broken"];
  }[];
  readonly orders: readonly OrderProgress[];
  /** Newest first. */
  readonly events: readonly SafetyEvent[];
};

/** What became of an order about a shard; `order` is null once it is released. */
export type ShardOrderOutcome =
  | { readonly ordered: true; readonly order: ShardOrder | null }
  | { readonly ordered: false; readonly problem: "not-found" }
  | { readonly ordered: false; readonly problem: "bad-target"; readonly detail: string };

/** All that people and their tools may see and order. Reads never block a pass. */
export type Operator = {
  /** Undefined before the first pass. */
  readonly risk: () => RiskView | undefined;
  readonly shards: () => readonly ShardView[];
  readonly jobs: (query: {
    readonly limit: number;
    readonly state?: JobState;
  }) => readonly JobRecord[];
  /** Newest first. */
  readonly transfers: (query: {
    readonly limit: number;
    readonly state?: TransferState;
  }) => readonly TransferView[];
  /** Orders the call that would bring the message on, if there is one. */
  readonly recoverTransfer: (guid: string, reason: string) => TransferOrder;
  /** Notes that a message is lost or held; its shards are not held back for it any more. */
  readonly acknowledgeTransfer: (guid: string, reason: string) => TransferOrder;
  readonly decisions: (limit: number) => readonly DecisionRecord[];
  /** One decision with why its plan is as it is; undefined when none has that id. */
  readonly plan: (planId: string) => DecisionRecord | undefined;
  /** Plans as the next pass would, under another policy if one is given. */
  readonly dryRun: (policy?: Policy) => Promise<DryRunOutcome>;
  readonly refusedMessages: (limit: number) => readonly RefusedMessage[];
  readonly counters: () => CountersView;
  /** Empty when the coordinator is ready; else every reason why it is not. */
  readonly notReady: () => readonly string[];
  /** On disk when the call returns; the next pass obeys. */
  readonly halt: (reason: string) => "halt";
  /** Lifts every halt, or those of one shard's own breakers; undefined when there is no such shard. */
  readonly resume: (reason: string, shard?: string) => { readonly mode: SafetyLevel } | undefined;
  /** Breakers, quarantines, orders, and at most `limit` of their newest events. */
  readonly safety: (limit: number) => SafetyView;
  readonly orderShard: (
    shard: string,
    order: Pick<ShardOrder, "kind" | "target" | "reason">,
  ) => ShardOrderOutcome;
  /** Ends an order and a quarantine. */
  readonly releaseShard: (shard: string, reason: string) => ShardOrderOutcome;
};
