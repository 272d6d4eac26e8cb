import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord, JobState } from "#coordinator/records/jobs/job-record.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import type { DecisionRecord } from "#coordinator/records/planning/decision-record.ts";
import type { ManualHalt } from "#coordinator/records/safety/manual-halt.ts";
import type { SafetyEvent, SafetyMemory } from "#coordinator/records/safety/safety-memory.ts";
import type { ProvedReport } from "#coordinator/records/safety/shard-trust.ts";
import type { TransferState } from "#shared/wire/transfer-line.ts";

/**
 * What the coordinator remembers over restarts. Every write is on disk (fsync) when the call returns;
 * a call that throws has written nothing. All calls are synchronous.
 */
export type DecisionJournal = {
  /** Sequence of the next decision: grows for ever, also over restarts. */
  readonly nextSequence: () => number;
  /** Records a decision and its jobs in one transaction. */
  readonly record: (decision: DecisionRecord, jobs: readonly JobRecord[]) => void;
  /** Newest first. */
  readonly list: (limit: number) => DecisionRecord[];
  readonly find: (planId: string) => DecisionRecord | undefined;
  readonly count: () => number;
};

export type JobJournal = {
  /** Replaces the job's record and appends why; inserts a job that is not known yet. */
  readonly update: (job: JobRecord, event: string, atMs: number) => void;
  /** Jobs that are in flight or settled on a block that may not be final; shadow jobs left out. */
  readonly unresolved: () => JobRecord[];
  readonly find: (jobId: string) => JobRecord | undefined;
  /** Newest first. */
  readonly list: (query: { readonly limit: number; readonly state?: JobState }) => JobRecord[];
  readonly countByState: () => Partial<Record<JobState, number>>;
};

/** A message that was refused, as it is kept for the operator. */
export type RefusedMessage = {
  readonly kind: "report" | "receipt";
  readonly shard: string;
  readonly agent: string;
  readonly entryId: string;
  readonly reason: string;
  readonly detail: string;
  /** First bytes of the body. */
  readonly bodyHead: Uint8Array;
  readonly atMs: number;
};

export type MessageJournal = {
  /** Keeps accepted reports (the newest of each shard whole, of the others the reference) and refused messages (the newest 100), in one transaction. */
  readonly keep: (accepted: readonly BookEntry[], refused: readonly RefusedMessage[]) => void;
  /** Newest accepted report of each shard. */
  readonly lastEntries: () => BookEntry[];
  /** Newest accepted sequence by `<shard>/<agent>`. */
  readonly lastSeqs: () => Map<string, number>;
  /** Newest first. */
  readonly refused: (limit: number) => RefusedMessage[];
};

export type TransferJournal = {
  /** Replaces the message's record; inserts one that is not known yet. */
  readonly update: (record: TransferRecord) => void;
  /** Those that something can still change, oldest first. */
  readonly open: () => TransferRecord[];
  readonly find: (guid: string) => TransferRecord | undefined;
  /** The one that a recovery was ordered for, also when nothing can change it any more. */
  readonly ofRecovery: (recoveryId: string) => TransferRecord | undefined;
  /** Newest first. */
  readonly list: (query: {
    readonly limit: number;
    readonly state?: TransferState;
  }) => TransferRecord[];
  readonly countByState: () => Partial<Record<TransferState, number>>;
};

export type HaltJournal = {
  /** The halt that is in force, if any. */
  readonly current: () => ManualHalt | undefined;
  readonly halt: (halt: ManualHalt) => void;
  readonly resume: (resume: ManualHalt) => void;
};

/** What is remembered of safety, and all events that changed it. */
export type SafetyJournal = {
  /** The newest memory, an empty one when there is none; never throws for what is in it. */
  readonly load: () =>
    | { readonly readable: true; readonly memory: SafetyMemory }
    | { readonly readable: false; readonly reason: string };
  /** Replaces the memory and appends events, in one transaction. */
  readonly save: (memory: SafetyMemory, events: readonly SafetyEvent[]) => void;
  /** The newest proved book of each shard that was kept; one that cannot be read is left out. */
  readonly proofs: () => ProvedReport[];
  readonly keepProof: (proof: ProvedReport) => void;
  /** Newest first. */
  readonly events: (limit: number) => SafetyEvent[];
};

/** What may be dropped from a journal. */
export type PruneOrder = {
  readonly beforeMs: number;
  readonly nowMs: number;
  /** Jobs to keep however old they are. */
  readonly keepJobIds: readonly string[];
};

/** How many of each were dropped. */
export type PruneOutcome = Readonly<
  Record<"decisions" | "jobs" | "links" | "safetyEvents" | "transfers", number>
>;

export type JournalPruner = {
  /** Drops what is over and old; what is in flight, and what proves the rest, stays. */
  readonly prune: (order: PruneOrder) => PruneOutcome;
};

export type Journal = {
  readonly decisions: DecisionJournal;
  readonly jobs: JobJournal;
  readonly messages: MessageJournal;
  readonly transfers: TransferJournal;
  readonly halts: HaltJournal;
  readonly safety: SafetyJournal;
};
