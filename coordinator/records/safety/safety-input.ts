import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobOutcome } from "#coordinator/records/jobs/job-outcome.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { NEW_SAFETY, type SafetyMemory } from "#coordinator/records/safety/safety-memory.ts";

/** What breakers, trust and orders were before the pass, and what they are judged by. */
export type SafetyInput = {
  readonly memory: SafetyMemory;
  readonly outcomes: readonly JobOutcome[];
  /** Cross-chain messages that something can still change. */
  readonly messages: readonly TransferRecord[];
  /** Shares of the vaults, as far as their chains were read. */
  readonly sharesRaw: ReadonlyMap<string, string>;
  /** Newest book of each shard that its chain has proved: losses are not counted from anybody's word alone. */
  readonly proved: ReadonlyMap<string, BookEntry>;
  /** Transfers in flight or not yet counted for good by the ledger. */
  readonly transfers: readonly JobRecord[];
};

/** Nothing known, nothing ordered. */
export const NO_SAFETY: SafetyInput = {
  memory: NEW_SAFETY,
  outcomes: [],
  messages: [],
  sharesRaw: new Map(),
  proved: new Map(),
  transfers: [],
};
